"""DATA_TRANSFORM: the value was computed when the step's input was rendered; the output is that value."""

from actors.steps.executor import Outcome, StepCall, Succeeded


class DataTransformExecutor:
    """Hands its input on as its output."""

    def execute(self, call: StepCall) -> Outcome:
        """Done at once."""
        return Succeeded(output=call.input)
