import numpy as np
from sample_flight import horizon


def test_behind_the_horizon_flight_stand_hills_and_above_them_the_sky() -> None:
    behind = horizon.Horizon()
    around = np.linspace(0, 2 * np.pi, 721)
    for rise, least_blue, most_blue in ((-5.0, -0.05, 0.05), (20.0, 0.0, 0.5)):
        level = np.cos(np.radians(rise))
        up = np.full(721, np.sin(np.radians(rise)))
        colours = behind.colours(
            np.column_stack([level * np.sin(around), level * np.cos(around), up])
        )
        assert colours.min() >= 0 and colours.max() <= 1
        # It closes: after a whole turn stands what stood at its start.
        assert np.abs(colours[0] - colours[-1]).max() < 0.02
        bluer = (colours[:, 2] - colours[:, 1]).mean()
        assert least_blue < bluer < most_blue
    poses = horizon.poses(20)
    assert len(poses) == 28 and {round(pitch / 8) for _, _, pitch in poses} == {-3, -2}
