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
  description = "With run_on = eks: the cluster's OIDC provider, and the namespace and service account of the Helm chart."
  type = object({
    oidc_provider_arn = string
    namespace         = optional(string, "emrguard")
    service_account   = optional(string, "emrguard")
  })
  default = null

  validation {
    condition     = (var.run_on == "eks") == (var.eks != null)
    error_message = "eks: needed with run_on = \"eks\", and only then."
  }
}

variable "ecs" {
  description = <<-EOT
    With run_on = ecs: where the service runs. The subnets need a way to the APIs of EMR, STS, SQS, CloudWatch, ECR and CloudWatch Logs: a NAT
    gateway, VPC endpoints, or assign_public_ip. The tokens are secrets of Secrets Manager whose whole value is the token; without
    read_token_secret_arn nobody reaches the page, and without admin_token_secret_arn it gives no orders.
  EOT
  type = object({
    image                  = string
    cluster_arn            = string
    vpc_id                 = string
    subnet_ids             = list(string)
    assign_public_ip       = optional(bool, false)
    ingress_cidrs          = optional(list(string), [])
    read_token_secret_arn  = optional(string)
    admin_token_secret_arn = optional(string)
    cpu                    = optional(number, 256)
    memory                 = optional(number, 512)
    architecture           = optional(string, "X86_64")
    log_retention_days     = optional(number, 30)
  })
  default = null

  validation {
    condition     = (var.run_on == "ecs") == (var.ecs != null)
    error_message = "ecs: needed with run_on = \"ecs\", and only then."
  }

  validation {
    condition     = try(var.ecs.admin_token_secret_arn, null) == null || try(var.ecs.read_token_secret_arn, null) != null
    error_message = "ecs: admin_token_secret_arn needs read_token_secret_arn."
  }
}
