variable "name" {
  description = "Name of the role, the queue, the rule and the service."
  type        = string
  default     = "emrguard"

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9-]{0,31}$", var.name))
    error_message = "name: a letter, then at most 31 letters, digits and hyphens."
  }
}

variable "run_on" {
  description = "What runs emrguard and so takes the role: ecs (this module makes the service), eks (the Helm chart) or ec2 (the systemd unit)."
  type        = string

  validation {
    condition     = contains(["ecs", "eks", "ec2"], var.run_on)
    error_message = "run_on: ecs, eks or ec2."
  }
}

variable "scope" {
  description = "The scope's name in emrguard.yaml. State is stored under it."
  type        = string
  default     = "prod"
}

variable "scope_settings" {
  description = "Further keys of the scope, as in emrguard.yaml: api_share, api_rates, sweep."
  type        = any
  default     = {}

  validation {
    condition     = !can(var.scope_settings.role_arn)
    error_message = "scope_settings: no role_arn: the role of this module is the one that emrguard has."
  }
}

variable "clusters" {
  description = "The rules, as under clusters: in emrguard.yaml. The role's policy follows from them."
  type        = any

  validation {
    condition     = alltrue([for r in var.clusters : can(r.match) && can(r.mode)])
    error_message = "clusters: each rule needs match ({} is every cluster) and mode (enforce, observe or off)."
  }
}

variable "notify" {
  description = "Notifications, as under notify: in emrguard.yaml. The role may send to the topics and buses of its sinks, or take the roles that they name."
  type        = any
  default     = {}
}

variable "prices" {
  description = "Whether the role may ask what `emrguard prices` asks: the price list and the Spot prices. The daemon does not need it."
  type        = bool
  default     = false
}

variable "settings" {
  description = "Further keys of the top level, as in emrguard.yaml: log, history, web."
  type        = any
  default     = {}

  validation {
    condition     = !can(var.settings.notify)
    error_message = "settings: no notify: it has a variable of its own, from which the role's policy follows."
  }
}

variable "events" {
  description = "Whether EMR's events are sent to a queue that emrguard reads."
  type        = bool
  default     = true
}

variable "permissions_boundary" {
  description = "ARN of a permissions boundary for the roles, where the account asks for one."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything that is made."
  type        = map(string)
  default     = {}
}

variable "eks" {
  description = <<-EOT
    With run_on = eks: the namespace and service account of the Helm chart, and how its pod gets the role: by the cluster's OIDC provider (IRSA), with the
    role's ARN as an annotation of the service account, or by EKS Pod Identity, for which this module associates the two.
  EOT
  type = object({
    oidc_provider_arn = optional(string)
    pod_identity      = optional(object({ cluster_name = string }))
    namespace         = optional(string, "emrguard")
    service_account   = optional(string, "emrguard")
  })
  default = null

  validation {
    condition     = (var.run_on == "eks") == (var.eks != null)
    error_message = "eks: needed with run_on = \"eks\", and only then."
  }

  validation {
    condition     = var.eks == null ? true : (var.eks.oidc_provider_arn == null) != (var.eks.pod_identity == null)
    error_message = "eks: oidc_provider_arn or pod_identity, one of them."
  }
}

variable "ecs" {
  description = <<-EOT
    With run_on = ecs: where the service runs. Maps have keys that are known before apply; their values may be made in the same configuration.
    subnet_ids: one subnet of each availability zone, by the zone. They need a way to the APIs of EMR, STS, SQS, CloudWatch, ECR and CloudWatch
    Logs: a NAT gateway, VPC endpoints, or assign_public_ip.
    token_secret_arns: secrets of Secrets Manager whose whole value is the token, as read and admin. Without read nobody reaches the page,
    and without admin it gives no orders.
    ingress_cidrs: who reaches the page, by a name for it.
    environment, secrets: further variables of the container. A secret is the ARN of one in Secrets Manager, or ARN:KEY:: for one key of it.
    egress: what the task reaches besides AWS's APIs at port 443: {mail = {port = 587, cidr = "10.1.0.0/16"}}.
  EOT
  type = object({
    image              = string
    cluster_arn        = string
    vpc_id             = string
    subnet_ids         = map(string)
    assign_public_ip   = optional(bool, false)
    ingress_cidrs      = optional(map(string), {})
    egress             = optional(map(object({ port = number, cidr = string })), {})
    token_secret_arns  = optional(map(string), {})
    environment        = optional(map(string), {})
    secrets            = optional(map(string), {})
    cpu                = optional(number, 256)
    memory             = optional(number, 512)
    architecture       = optional(string, "X86_64")
    log_retention_days = optional(number, 30)
  })
  default = null

  validation {
    condition     = (var.run_on == "ecs") == (var.ecs != null)
    error_message = "ecs: needed with run_on = \"ecs\", and only then."
  }

  validation {
    condition     = contains(["", "read", "admin read"], join(" ", var.ecs == null ? [] : keys(var.ecs.token_secret_arns)))
    error_message = "ecs: token_secret_arns has read, or read and admin."
  }

  validation {
    condition = var.ecs == null ? true : alltrue([
      for arn in concat(values(var.ecs.token_secret_arns), values(var.ecs.secrets)) : can(regex("^arn:[^:]+:secretsmanager(:[^:]+){2}:secret:", arn))
    ])
    error_message = "ecs: a secret is not the ARN of one in Secrets Manager, arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME."
  }

  validation {
    condition     = var.ecs == null ? true : length(var.ecs.subnet_ids) > 0
    error_message = "ecs: subnet_ids has no subnet."
  }

  validation {
    condition = var.ecs == null ? true : alltrue([
      for name in concat(keys(var.ecs.environment), keys(var.ecs.secrets)) : !startswith(name, "EMRGUARD_")
    ])
    error_message = "ecs: environment and secrets have no EMRGUARD_ variables: those are the module's, from clusters, settings and token_secret_arns."
  }

  validation {
    condition     = var.ecs == null ? true : length(setintersection(keys(var.ecs.environment), keys(var.ecs.secrets))) == 0
    error_message = "ecs: a variable is in environment and in secrets."
  }
}
