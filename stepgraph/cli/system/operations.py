"""The GraphQL operations about metrics and health that the command line sends; a test validates each."""

_METRICS = """
  from to started completed failed cancelled running successRate
  duration { mean p50 p95 p99 }
  steps { type executions failures retries duration { mean p50 p95 p99 } }
"""

METRICS = f"""
query Metrics($from: DateTime, $to: DateTime) {{
  metrics(from: $from, to: $to) {{ {_METRICS} }}
}}
"""

WORKFLOW_METRICS = f"""
query WorkflowMetrics($name: String!, $from: DateTime, $to: DateTime) {{
  workflow(by: {{name: $name}}) {{ metrics(from: $from, to: $to) {{ {_METRICS} }} }}
}}
"""

HEALTH = """
query Health {
  health {
    status version
    components { name status latency detail }
    workers { id host startedAt lastHeartbeatAt activeExecutions }
    queues { name depth deadLetters }
  }
}
"""
