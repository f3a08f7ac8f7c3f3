# The role's policy: exactly what `emrguard iam-policy` prints for local.config, with --prices if var.prices. internal/deploytest evaluates this file and compares.
locals {
  region     = data.aws_region.current.region
  arn_prefix = "arn:${data.aws_partition.current.partition}:elasticmapreduce:${local.region}:*:cluster/"

  # The rules that can match a cluster of the scope, and those that enforce and terminate there.
  reached = [
    for r in var.clusters : r
    if r.mode != "off" && (length(try(r.match.scopes, [])) == 0 || contains(try(r.match.scopes, []), var.scope))
  ]
  enforced    = [for r in local.reached : r if r.mode == "enforce"]
  terminating = [for r in local.enforced : r if try(r.termination.mode, "observe") == "enforce"]
  reads_metrics = anytrue([
    for r in local.reached : try(r.termination, null) != null || anytrue([
      for p in try(r.pools, []) : length(try(p.scale_up, [])) + length(try(p.scale_down, [])) > 0
    ])
  ])

  reads  = ["elasticmapreduce:ListInstanceGroups", "elasticmapreduce:ListInstances", "elasticmapreduce:GetManagedScalingPolicy"]
  writes = ["elasticmapreduce:ModifyInstanceGroups", "elasticmapreduce:AddInstanceGroups"]
  ends   = ["elasticmapreduce:TerminateJobFlows"]

  # What is allowed by id and by tag: one group for each set of tags, in the order of the rules. A rule without ids is for every cluster.
  grouped = {
    for sid, rules in { Watch = local.reached, Repair = local.enforced, Terminate = local.terminating } : sid => [
      for tags in distinct([for r in rules : jsonencode(try(r.match.tags, {}))]) : {
        tags = jsondecode(tags)
        ids = flatten([
          for r in rules : length(try(r.match.ids, [])) == 0 ? ["*"] : r.match.ids
          if jsonencode(try(r.match.tags, {})) == tags
        ])
      }
    ]
  }
  # A group for every cluster, whatever its tags, allows what the others would.
  open = { for sid, groups in local.grouped : sid => anytrue([for g in groups : length(g.tags) == 0 && contains(g.ids, "*")]) }

  by_cluster = {
    for sid, groups in local.grouped : sid => [
      for g in groups : {
        Sid       = sid
        Effect    = "Allow"
        Action    = { Watch = local.reads, Repair = local.writes, Terminate = local.ends }[sid]
        Resource  = contains(g.ids, "*") ? ["${local.arn_prefix}*"] : sort(distinct([for id in g.ids : "${local.arn_prefix}${id}"]))
        Condition = length(g.tags) == 0 ? null : { StringEquals = { for k, v in g.tags : "elasticmapreduce:ResourceTag/${k}" => [v] } }
      }
      if !local.open[sid] || length(g.tags) == 0
    ]
  }

  reached_ids = flatten([for r in local.reached : length(try(r.match.ids, [])) == 0 ? ["*"] : r.match.ids])
  here        = { StringEquals = { "aws:RequestedRegion" = [local.region] } }

  # What the role itself sends notifications to, and the roles that do so in its place.
  sinks   = try(var.notify.sinks, [])
  topics  = sort(distinct([for s in local.sinks : s.sns.topic_arn if can(s.sns.topic_arn) && !can(s.sns.role_arn)]))
  buses   = sort(distinct([for s in local.sinks : s.eventbridge.bus_arn if can(s.eventbridge.bus_arn) && !can(s.eventbridge.role_arn)]))
  senders = distinct([for s in local.sinks : try(s.sns.role_arn, s.eventbridge.role_arn) if can(s.sns.role_arn) || can(s.eventbridge.role_arn)])

  statements = concat(
    [{ Sid = "Find", Effect = "Allow", Action = ["elasticmapreduce:ListClusters"], Resource = ["*"], Condition = local.here }],
    [for arn in aws_sqs_queue.events[*].arn : {
      Sid = "Events", Effect = "Allow", Action = ["sqs:ReceiveMessage", "sqs:DeleteMessage"], Resource = [arn], Condition = null
    }],
    [for ids in [local.reached_ids] : {
      Sid       = "Describe"
      Effect    = "Allow"
      Action    = ["elasticmapreduce:DescribeCluster"]
      Resource  = contains(ids, "*") ? ["${local.arn_prefix}*"] : sort(distinct([for id in ids : "${local.arn_prefix}${id}"]))
      Condition = null
    } if length(ids) > 0],
    local.by_cluster.Watch,
    [for needed in [local.reads_metrics] : {
      Sid = "Metrics", Effect = "Allow", Action = ["cloudwatch:GetMetricData"], Resource = ["*"], Condition = local.here
    } if needed],
    local.by_cluster.Repair,
    local.by_cluster.Terminate,
    # A cluster whose own tag opts out is left alone, whatever the rules say.
    [for actions in [concat(local.writes, length(local.terminating) > 0 ? local.ends : [])] : {
      Sid       = "OptOut"
      Effect    = "Deny"
      Action    = actions
      Resource  = ["${local.arn_prefix}*"]
      Condition = { StringEqualsIgnoreCase = { "elasticmapreduce:ResourceTag/emrguard" = ["off", "observe"] } }
    } if length(local.enforced) > 0],
    [for arns in [local.topics] : { Sid = "NotifyTopic", Effect = "Allow", Action = ["sns:Publish"], Resource = arns, Condition = null } if length(arns) > 0],
    [for arns in [local.buses] : { Sid = "NotifyBus", Effect = "Allow", Action = ["events:PutEvents"], Resource = arns, Condition = null } if length(arns) > 0],
    [for wanted in [var.prices] : {
      Sid = "PriceList", Effect = "Allow", Action = ["pricing:GetProducts"], Resource = ["*"], Condition = null
    } if wanted],
    [for wanted in [var.prices] : {
      Sid = "SpotPrices", Effect = "Allow", Action = ["ec2:DescribeSpotPriceHistory"], Resource = ["*"], Condition = local.here
    } if wanted],
    [for arns in [local.senders] : { Sid = "AssumeRoles", Effect = "Allow", Action = ["sts:AssumeRole"], Resource = arns, Condition = null } if length(arns) > 0],
  )

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for i, s in local.statements : { for key, value in merge(s, { Sid = "${s.Sid}${i}" }) : key => value if value != null }
    ]
  })
}
