# One task of ECS on Fargate, never two: the SQLite store is for one process at a time.
locals {
  # The parts of the service, once or not at all.
  service = var.ecs == null ? {} : { emrguard = var.ecs }

  # Variables from Secrets Manager, by name.
  secrets = var.ecs == null ? {} : merge(
    { for role, arn in var.ecs.token_secret_arns : "EMRGUARD_${upper(role)}_TOKEN" => arn },
    var.ecs.secrets,
  )

  # Maps decide what there is one of for each: their keys are known before anything is made, when values such as ARNs and ids are not.
  subnets = var.ecs == null ? {} : var.ecs.subnet_ids
  ingress = local.reachable ? var.ecs.ingress_cidrs : {}
  egress  = var.ecs == null ? {} : var.ecs.egress

  container = {
    name                   = "emrguard"
    image                  = try(var.ecs.image, "")
    essential              = true
    command                = ["run", "-c", "env:EMRGUARD_YAML"]
    user                   = "65532:65532"
    readonlyRootFilesystem = true
    stopTimeout            = 15
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    environment = [
      for name, value in merge(var.ecs == null ? {} : var.ecs.environment, { EMRGUARD_YAML = local.config }) : { name = name, value = value }
    ]
    secrets      = [for name, arn in local.secrets : { name = name, valueFrom = arn }]
    portMappings = [{ containerPort = 8470, protocol = "tcp" }]
    mountPoints  = [{ sourceVolume = "state", containerPath = "/var/lib/emrguard", readOnly = false }]
    healthCheck = {
      command     = ["CMD", "/emrguard", "health", "-c", "env:EMRGUARD_YAML"]
      interval    = 30
      timeout     = 10
      retries     = 3
      startPeriod = 60
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = "/emrguard/${var.name}"
        awslogs-region        = local.region
        awslogs-stream-prefix = "emrguard"
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "emrguard" {
  for_each = local.service

  name              = "/emrguard/${var.name}"
  retention_in_days = each.value.log_retention_days
  tags              = var.tags
}

# What ECS itself needs to start the task: image, log, secrets. emrguard does not have this role.
resource "aws_iam_role" "execution" {
  for_each = local.service

  name                 = "${var.name}-execution"
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = [local.trusted.ecs] })
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy_attachment" "execution" {
  for_each = local.service

  role       = aws_iam_role.execution[each.key].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_iam_role_policy" "secrets" {
  for_each = length(local.secrets) > 0 ? local.service : {}

  name = "secrets"
  role = aws_iam_role.execution[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "Secrets"
      Effect = "Allow"
      Action = ["secretsmanager:GetSecretValue"]
      # An ARN has seven parts; what follows is the key within the secret.
      Resource = distinct([for name, arn in local.secrets : join(":", slice(split(":", arn), 0, 7))])
    }]
  })
}

resource "aws_security_group" "task" {
  for_each = local.service

  name        = var.name
  description = "emrguard: AWS's APIs out, the page in"
  vpc_id      = each.value.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_egress_rule" "task" {
  for_each = local.service

  security_group_id = aws_security_group.task[each.key].id
  description       = "AWS's APIs"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "state" {
  for_each = local.service

  security_group_id            = aws_security_group.task[each.key].id
  description                  = "the file system of the state"
  referenced_security_group_id = aws_security_group.state[each.key].id
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
}

resource "aws_vpc_security_group_egress_rule" "more" {
  for_each = local.egress

  security_group_id = aws_security_group.task["emrguard"].id
  description       = each.key
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}

resource "aws_vpc_security_group_ingress_rule" "page" {
  for_each = local.ingress

  security_group_id = aws_security_group.task["emrguard"].id
  description       = "the page and the API, for ${each.key}"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 8470
  to_port           = 8470
}

resource "aws_security_group" "state" {
  for_each = local.service

  name        = "${var.name}-state"
  description = "the file system of emrguard's state"
  vpc_id      = each.value.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "state" {
  for_each = local.service

  security_group_id            = aws_security_group.state[each.key].id
  description                  = "emrguard's task"
  referenced_security_group_id = aws_security_group.task[each.key].id
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
}

resource "aws_efs_file_system" "state" {
  for_each = local.service

  creation_token = var.name
  encrypted      = true
  tags           = merge({ Name = var.name }, var.tags)
}

resource "aws_efs_backup_policy" "state" {
  for_each = local.service

  file_system_id = aws_efs_file_system.state[each.key].id

  backup_policy {
    status = "ENABLED"
  }
}

resource "aws_efs_mount_target" "state" {
  for_each = local.subnets

  file_system_id  = aws_efs_file_system.state["emrguard"].id
  subnet_id       = each.value
  security_groups = [aws_security_group.state["emrguard"].id]
}

resource "aws_efs_access_point" "state" {
  for_each = local.service

  file_system_id = aws_efs_file_system.state[each.key].id
  tags           = var.tags

  posix_user {
    uid = 65532
    gid = 65532
  }

  root_directory {
    path = "/emrguard"

    creation_info {
      owner_uid   = 65532
      owner_gid   = 65532
      permissions = "0700"
    }
  }
}

# The role of the task alone may mount the file system, over TLS. Said here, so that the role's own policy stays what `emrguard iam-policy` prints.
resource "aws_efs_file_system_policy" "state" {
  for_each = local.service

  file_system_id = aws_efs_file_system.state[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Task"
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.emrguard.arn }
      Action    = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
      Resource  = aws_efs_file_system.state[each.key].arn
      Condition = {
        Bool         = { "aws:SecureTransport" = "true" }
        StringEquals = { "elasticfilesystem:AccessPointArn" = aws_efs_access_point.state[each.key].arn }
      }
    }]
  })
}

resource "aws_ecs_task_definition" "emrguard" {
  for_each = local.service

  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = each.value.cpu
  memory                   = each.value.memory
  task_role_arn            = aws_iam_role.emrguard.arn
  execution_role_arn       = aws_iam_role.execution[each.key].arn
  container_definitions    = jsonencode([local.container])
  tags                     = var.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = each.value.architecture
  }

  volume {
    name = "state"

    efs_volume_configuration {
      file_system_id     = aws_efs_file_system.state[each.key].id
      transit_encryption = "ENABLED"

      authorization_config {
        access_point_id = aws_efs_access_point.state[each.key].id
        iam             = "ENABLED"
      }
    }
  }
}

resource "aws_ecs_service" "emrguard" {
  for_each = local.service

  name            = var.name
  cluster         = each.value.cluster_arn
  task_definition = aws_ecs_task_definition.emrguard[each.key].arn
  launch_type     = "FARGATE"
  tags            = var.tags

  # Never two at a time: the old task ends before the new one starts, and no rebalancing between zones starts one beside it.
  desired_count                      = 1
  deployment_maximum_percent         = 100
  deployment_minimum_healthy_percent = 0
  availability_zone_rebalancing      = "DISABLED"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = values(each.value.subnet_ids)
    security_groups  = [aws_security_group.task[each.key].id]
    assign_public_ip = each.value.assign_public_ip
  }

  depends_on = [
    aws_cloudwatch_log_group.emrguard,
    aws_efs_file_system_policy.state,
    aws_efs_mount_target.state,
    aws_iam_role_policy.emrguard,
    aws_iam_role_policy.secrets,
    aws_iam_role_policy_attachment.execution,
  ]
}
