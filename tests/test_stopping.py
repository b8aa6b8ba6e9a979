from pathlib import Path

from spaceport_app import stopping


def test_a_wish_is_left_found_and_withdrawn(tmp_path: Path) -> None:
    assert not stopping.asked(tmp_path)
    assert stopping.ask(tmp_path) and stopping.ask(tmp_path)
    assert stopping.asked(tmp_path)
    stopping.withdraw(tmp_path)
    stopping.withdraw(tmp_path)
    assert not stopping.asked(tmp_path)


def test_where_nothing_can_be_written_the_wish_says_so(tmp_path: Path) -> None:
    assert not stopping.ask(tmp_path / "gone")
    assert not stopping.asked(tmp_path / "gone")
    stopping.withdraw(tmp_path / "gone")
