# The role that emrguard has: who may take it, and what it may do.
locals {
  oidc_provider = try(element(split(":oidc-provider/", var.eks.oidc_provider_arn), 1), "")
  # Whether the object is given is known before the cluster is made.
  pod_identity = var.eks == null ? null : var.eks.pod_identity

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
    # EKS tells STS whose pod asks.
    pods = {
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Principal = { Service = "pods.eks.amazonaws.com" }
      Condition = { StringEquals = {
        "aws:RequestTag/eks-cluster-name"           = try(var.eks.pod_identity.cluster_name, "")
        "aws:RequestTag/kubernetes-namespace"       = try(var.eks.namespace, "")
        "aws:RequestTag/kubernetes-service-account" = try(var.eks.service_account, "")
      } }
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

resource "aws_eks_pod_identity_association" "emrguard" {
  count = local.pod_identity == null ? 0 : 1

  cluster_name    = local.pod_identity.cluster_name
  namespace       = var.eks.namespace
  service_account = var.eks.service_account
  role_arn        = aws_iam_role.emrguard.arn
  tags            = var.tags
}

resource "aws_iam_role" "emrguard" {
  name                 = var.name
  description          = "emrguard: watches EMR clusters and repairs stuck resizes"
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = [local.trusted[local.pod_identity == null ? var.run_on : "pods"]] })
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
