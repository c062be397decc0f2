"""The GraphQL operation that asks for anything by its id: the members of each type that are no lists of others.

A member whose type differs between objects has an alias here: its name, two underscores and the object's.
"""

NODE = """
query Node($id: ID!) {
  node(id: $id) {
    __typename id
    ... on ApiKey { name role prefix createdAt expiresAt lastUsedAt }
    ... on AuditEntry { at principal apiKeyId action target outcome }
    ... on CircuitBreaker { serviceId state failureCount successCount openedAt nextProbeAt updatedAt }
    ... on Schedule {
      name cron timezone enabled overlap input nextRunAt lastRunAt lastError createdAt updatedAt workflow { id name }
    }
    ... on Secret { name createdAt updatedAt }
    ... on StepExecution {
      path type status__step: status input output startedAt finishedAt duration error { code message path }
    }
    ... on TransformationRule { name description expression createdAt updatedAt }
    ... on Webhook { name direction enabled url eventTypes disabledReason createdAt updatedAt }
    ... on WebhookEvent {
      eventType status__event: status payload attempts lastStatusCode lastError nextAttemptAt deliveredAt createdAt
    }
    ... on Worker { host startedAt__worker: startedAt lastHeartbeatAt activeExecutions }
    ... on Workflow { name description version status__workflow: status labels document createdAt updatedAt }
    ... on WorkflowExecution {
      status__execution: status workflowVersion input output labels createdAt startedAt finishedAt duration
      error { code message path } progress { total completed failed running percent }
    }
    ... on WorkflowTemplate { name description category shipped document createdAt updatedAt }
    ... on WorkflowVersion { version note document createdAt }
  }
}
"""
