import os
import signal
import threading

import pytest

from spaceport_app.cli.signals import on_stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_calls_and_the_handler_before_comes_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    told = []
    with on_stop(lambda: told.append(1)):
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
    assert len(told) == 2
    assert signal.getsignal(number) is before


def test_handlers_come_back_after_an_error() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="broken"), on_stop(lambda: None):
        raise ValueError("broken")
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_changes_nothing() -> None:
    seen = []

    def work() -> None:
        with on_stop(lambda: None):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]
