# The role that emrguard has: who may take it, and what it may do.
locals {
  oidc_provider = try(element(split(":oidc-provider/", var.eks.oidc_provider_arn), 1), "")

  trusted = {
    ecs = {
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }
    ec2 = {
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }
    eks = {
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = try(var.eks.oidc_provider_arn, "") }
      Condition = { StringEquals = {
        "${local.oidc_provider}:aud" = "sts.amazonaws.com"
        "${local.oidc_provider}:sub" = "system:serviceaccount:${try(var.eks.namespace, "")}:${try(var.eks.service_account, "")}"
      } }
    }
  }
}

resource "aws_iam_role" "emrguard" {
  name                 = var.name
  description          = "emrguard: watches EMR clusters and repairs stuck resizes"
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = [local.trusted[var.run_on]] })
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "emrguard" {
  name   = "emrguard"
  role   = aws_iam_role.emrguard.id
  policy = local.policy
}

resource "aws_iam_instance_profile" "emrguard" {
  count = var.run_on == "ec2" ? 1 : 0

  name = var.name
  role = aws_iam_role.emrguard.name
  tags = var.tags
}
