# EMR's events, to a queue of emrguard's own. docs/events.md says what they are for.
resource "aws_sqs_queue" "events" {
  count = var.events ? 1 : 0

  name                      = "${var.name}-events"
  message_retention_seconds = 3600
  receive_wait_time_seconds = 20
  sqs_managed_sse_enabled   = true

  # emrguard deletes what it has seen, also what it cannot use; a message that comes back this often was never decided on.
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead[0].arn, maxReceiveCount = 20 })
  tags           = var.tags
}

# What could not be delivered, and what was never deleted. Nothing reads it but people.
resource "aws_sqs_queue" "dead" {
  count = var.events ? 1 : 0

  name                      = "${var.name}-events-dead"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  count = var.events ? 1 : 0

  queue_url            = aws_sqs_queue.dead[0].url
  redrive_allow_policy = jsonencode({ redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.events[0].arn] })
}

resource "aws_sqs_queue_policy" "events" {
  for_each = { for key, queue in { events = aws_sqs_queue.events, dead = aws_sqs_queue.dead } : key => queue[0] if var.events }

  queue_url = each.value.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EventBridge"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = each.value.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.emr[0].arn } }
    }]
  })
}

resource "aws_cloudwatch_event_rule" "emr" {
  count = var.events ? 1 : 0

  name        = "${var.name}-events"
  description = "EMR's events about clusters and instance groups, for emrguard"
  event_pattern = jsonencode({
    source = ["aws.emr"]
    detail-type = [
      "EMR Instance Group State Change",
      "EMR Instance Group Resize",
      "EMR Instance Group Provisioning",
      "EMR Cluster State Change",
    ]
  })
  tags = var.tags
}

resource "aws_cloudwatch_event_target" "emr" {
  count = var.events ? 1 : 0

  rule      = aws_cloudwatch_event_rule.emr[0].name
  target_id = "emrguard"
  arn       = aws_sqs_queue.events[0].arn

  dead_letter_config {
    arn = aws_sqs_queue.dead[0].arn
  }
}
