from spaceport_app.pipeline import machine


def test_cuda_is_taken_only_with_a_card() -> None:
    assert machine.device() in ("cpu", "cuda")
    assert (machine.device() == "cuda") <= bool(machine.gpus())
