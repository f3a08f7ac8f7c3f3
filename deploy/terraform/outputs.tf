output "role_arn" {
  description = "The role of emrguard, for the annotation of the Helm chart's service account."
  value       = aws_iam_role.emrguard.arn
}

output "instance_profile" {
  description = "With run_on = ec2: the instance profile's name."
  value       = one(aws_iam_instance_profile.emrguard[*].name)
}

output "events_queue" {
  description = "URL of the queue of EMR's events, for events_queue in emrguard.yaml."
  value       = one(aws_sqs_queue.events[*].url)
}

output "dead_letter_queue" {
  description = "URL of the queue of events that were not delivered or never decided on; alarm on its length."
  value       = one(aws_sqs_queue.dead[*].url)
}

output "security_group_id" {
  description = "With run_on = ecs: the task's security group."
  value       = one(values(aws_security_group.task)[*].id)
}

output "config" {
  description = "emrguard.yaml: save it with terraform output -raw config, and check it with emrguard check."
  value       = local.config
}

output "policy" {
  description = "The role's policy: what emrguard iam-policy prints for config."
  value       = local.policy
}
