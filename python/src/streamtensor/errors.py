# SPDX-License-Identifier: Apache-2.0
"""What the package raises beside ValueError and TypeError for wrong arguments."""


class StreamTensorError(Exception):
    """Base of the package's errors."""


class ExportError(StreamTensorError):
    """A model cannot be exported; the message names the operation or tensor."""


class CompilerError(StreamTensorError):
    """streamtensorc failed.

    `exit_code` is its exit code (1 failed, 2 wrong usage), None when it could not be started.
    """

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class ServerError(StreamTensorError):
    """The daemon refused or failed a request.

    `code` is the gRPC status as a word, such as "NOT_FOUND". `retry_after_seconds` is set where the daemon says when
    to try again.
    """

    def __init__(self, code: str, details: str, retry_after_seconds: float | None = None) -> None:
        hint = "" if retry_after_seconds is None else f" (try again in {retry_after_seconds:g} s)"
        super().__init__(f"{code}: {details}{hint}")
        self.code = code
        self.details = details
        self.retry_after_seconds = retry_after_seconds
