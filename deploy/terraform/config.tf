# emrguard.yaml as this module gives it to the service, and to others as an output. The state of a service is on its file system; elsewhere the
# store's place and the listener are set where emrguard runs.
locals {
  ecs_settings = {
    store            = "sqlite:/var/lib/emrguard/emrguard.db"
    listen           = local.reachable ? "0.0.0.0:8470" : "127.0.0.1:8470"
    listen_token_env = local.reachable ? "EMRGUARD_READ_TOKEN" : null
    web              = merge(try(var.settings.web, {}), { for name in ["EMRGUARD_ADMIN_TOKEN"] : "admin_token_env" => name if local.orders })
  }

  # By the keys, which are known before the secrets are made.
  reachable = var.ecs == null ? false : contains(keys(var.ecs.token_secret_arns), "read")
  orders    = var.ecs == null ? false : contains(keys(var.ecs.token_secret_arns), "admin")

  scopes = [merge(var.scope_settings, {
    for key, value in {
      name         = var.scope
      region       = local.region
      events_queue = var.events ? aws_sqs_queue.events[0].url : null
    } : key => value if value != null
  })]

  config = yamlencode(merge(
    var.settings,
    { for key, value in local.ecs_settings : key => value if var.run_on == "ecs" && !contains(["null", "{}"], jsonencode(value)) },
    { for key, value in { notify = var.notify } : key => value if length(local.sinks) > 0 },
    { scopes = local.scopes, clusters = var.clusters },
  ))
}
