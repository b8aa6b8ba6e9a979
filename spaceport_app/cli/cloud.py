"""``cloud``: the same job on AWS. Only the words of the commands; `cloud_work` does the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from spaceport_app.cli.output import EXIT_CODES
from spaceport_app.cli.running import Json, ProjectFolder, Quiet

cloud = typer.Typer(
    name="cloud",
    help="Do the same on AWS: hand a project over, follow it, fetch the results.",
    no_args_is_help=True,
    epilog=EXIT_CODES,
)

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
JobOrProject = Annotated[
    str, typer.Argument(help="A project folder, or the id of a job.", show_default=False)
]
FirstOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--first",
        help="sfm | 3dgs | compression: first step on AWS. [default: what is missing here]",
        show_default=False,
    ),
]
LastOption = Annotated[
    str, typer.Option("--last", help="sfm | 3dgs | compression: last step on AWS.")
]
OriginalsOption = Annotated[
    bool,
    typer.Option(
        "--originals", help="Send the photos as they are, instead of reduced and without metadata."
    ),
]
LimitOption = Annotated[
    Optional[float],  # noqa: UP045
    typer.Option(
        "--limit-mbit",
        min=0.0,
        help="Megabits a second at most; 0: no limit. [default: as set in the window]",
        show_default=False,
    ),
]
EmailOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--email",
        help="Who gets a mail at the end; empty: nobody. [default: as set in the window]",
        show_default=False,
    ),
]
MachineOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--machine",
        metavar="STEP=TYPE",
        help="Machine of a step, such as 3dgs=ml.g5.xlarge; may be given for each step. "
        "[default: as the service is set up]",
        show_default=False,
    ),
]
SpotOption = Annotated[
    Optional[bool],  # noqa: UP045
    typer.Option(
        "--spot/--no-spot",
        help="Train on spare capacity of AWS: cheaper, but it may be interrupted and then waits "
        "and goes on. [default: as the service is set up]",
        show_default=False,
    ),
]
KeepDeviceOption = Annotated[
    bool,
    typer.Option(
        "--keep-settings",
        help="Keep the project's values also where AWS trains on a GPU and could do more.",
    ),
]
PollOption = Annotated[float, typer.Option("--every", min=0.1, help="Seconds between two looks.")]


@cloud.command(epilog=EXIT_CODES)
def connect(
    address: Annotated[str, typer.Argument(help="Address of the service, https://...")],
    key_stdin: Annotated[
        bool, typer.Option("--key-stdin", help="Read the API key from standard input.")
    ] = False,
    json: Json = False,
) -> None:
    """Save the address of a service and, in the keyring, the API key.

    The key is asked for and never given on the command line, where others could read it.
    """
    from spaceport_app.cli import cloud_work

    cloud_work.connect(address=address, key_stdin=key_stdin, json=json)


@cloud.command(epilog=EXIT_CODES)
def disconnect(json: Json = False) -> None:
    """Forget the API key."""
    from spaceport_app.cli import cloud_work

    cloud_work.disconnect(json=json)


@cloud.command(epilog=EXIT_CODES)
def test(json: Json = False) -> None:
    """Test the connection: address, key, network and clock."""
    from spaceport_app.cli import cloud_work

    cloud_work.test(json=json)


@cloud.command(epilog=EXIT_CODES)
def submit(
    project: ProjectFolder,
    first: FirstOption = None,
    last: LastOption = "compression",
    originals: OriginalsOption = False,
    limit_mbit: LimitOption = None,
    email: EmailOption = None,
    machine: MachineOption = None,
    spot: SpotOption = None,
    keep_settings: KeepDeviceOption = False,
    yes: Yes = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Send a project to AWS and start the work there; a submission that broke off goes on."""
    from spaceport_app.cli import cloud_work

    cloud_work.submit(
        project=project,
        first=first,
        last=last,
        originals=originals,
        limit_mbit=limit_mbit,
        email=email,
        machines=machine or [],
        spot=spot,
        keep_settings=keep_settings,
        yes=yes,
        quiet=quiet,
        json=json,
    )


@cloud.command(epilog=EXIT_CODES)
def run(
    project: ProjectFolder,
    first: FirstOption = None,
    last: LastOption = "compression",
    originals: OriginalsOption = False,
    limit_mbit: LimitOption = None,
    email: EmailOption = None,
    machine: MachineOption = None,
    spot: SpotOption = None,
    keep_settings: KeepDeviceOption = False,
    every: PollOption = 5.0,
    yes: Yes = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Send a project to AWS, follow the work there and fetch the results.

    Ctrl-C leaves the job alone: it goes on on AWS, and this command goes on with it.
    """
    from spaceport_app.cli import cloud_work

    cloud_work.run(
        project=project,
        first=first,
        last=last,
        originals=originals,
        limit_mbit=limit_mbit,
        email=email,
        machines=machine or [],
        spot=spot,
        keep_settings=keep_settings,
        every=every,
        yes=yes,
        quiet=quiet,
        json=json,
    )


@cloud.command(epilog=EXIT_CODES)
def follow(
    job: JobOrProject,
    target: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "-o",
            "--project",
            help="Follow a job of another computer in this new project.",
            show_default=False,
        ),
    ] = None,
    every: PollOption = 5.0,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Follow a job and fetch its results; Ctrl-C leaves the job alone."""
    from spaceport_app.cli import cloud_work

    cloud_work.follow(job=job, target=target, every=every, quiet=quiet, json=json)


@cloud.command(epilog=EXIT_CODES)
def status(job: JobOrProject, json: Json = False) -> None:
    """Show how a job stands, and what it has cost so far."""
    from spaceport_app.cli import cloud_work

    cloud_work.status(job=job, json=json)


@cloud.command(epilog=EXIT_CODES)
def stop(job: JobOrProject, yes: Yes = False, json: Json = False) -> None:
    """Stop a job; comes back when AWS confirms that nothing computes any more."""
    from spaceport_app.cli import cloud_work

    cloud_work.stop(job=job, yes=yes, json=json)


@cloud.command(epilog=EXIT_CODES)
def download(
    job: JobOrProject,
    target: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "-o",
            "--project",
            help="Make this project of a job that another computer has submitted.",
            show_default=False,
        ),
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Fetch the results that are there: of a project's job, or of any job into a new project."""
    from spaceport_app.cli import cloud_work

    cloud_work.download(job=job, target=target, quiet=quiet, json=json)


@cloud.command(epilog=EXIT_CODES)
def delete(job: JobOrProject, yes: Yes = False, json: Json = False) -> None:
    """Stop a job and delete all that it has on AWS; what is here stays."""
    from spaceport_app.cli import cloud_work

    cloud_work.delete(job=job, yes=yes, json=json)


@cloud.command("list", epilog=EXIT_CODES)
def list_(json: Json = False) -> None:
    """List the jobs of this API key, the newest first."""
    from spaceport_app.cli import cloud_work

    cloud_work.list_(json=json)
