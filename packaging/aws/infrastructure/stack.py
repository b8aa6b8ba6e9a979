"""Everything that is deployed, put together."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import CfnOutput, Stack, Tags
from constructs import Construct

from infrastructure import code
from infrastructure.api import Api
from infrastructure.images import Images
from infrastructure.machine import Machine
from infrastructure.mail import Mail
from infrastructure.network import Network
from infrastructure.roles import JobRoles
from infrastructure.settings import Parameters, Settings
from infrastructure.storage import Storage
from infrastructure.sweeper import Sweeper
from infrastructure.watch import Alarms, Audit, Budget, Notices

COST_TAG = ("project", "spaceport")


class SpaceportStack(Stack):
    """One stack, so that one command deletes it.

    Parameters
    ----------
    scope : Construct
        The app.
    id : str
        Name of the stack.
    settings : Settings
        What changes its shape.
    folder : Path
        Where the zips of functions are laid out until the synthesis has taken them.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, folder: Path) -> None:
        super().__init__(scope, id, description="Spaceport: photos to splats on AWS")
        parameters = Parameters(self, code.version())
        storage = Storage(self)
        network = Network(self, storage, settings.interface_endpoints)
        images = Images(self, parameters.image.value_as_string)
        jobs = JobRoles(self, storage, network, images)
        notices = Notices(self, parameters)
        api = Api(self)
        mail = Mail(self, parameters, storage, folder)
        api.open_links(mail.link)
        sender = mail.make_sender(api.rest)
        machine = Machine(
            self,
            settings,
            storage=storage,
            network=network,
            images=images,
            jobs=jobs,
            mail=sender,
            topic=notices.topic,
        )
        serving = api.serve(settings, parameters, storage, machine, folder)
        sweeper = Sweeper(self, jobs, machine, folder).function
        functions = {"Api": serving, "Mail": sender, "Link": mail.link, "Roles": sweeper}
        Alarms(self, notices.topic, machine, api.rest, functions)
        Budget(self, parameters, notices.topic)
        Audit(self, storage)
        Tags.of(self).add(*COST_TAG)
        for name, value in (
            ("Endpoint", api.rest.url),
            ("ApiKeyId", api.key.key_id),
            ("Repository", images.repository.repository_uri),
            ("UploadsBucket", storage.uploads.bucket_name),
            ("ArtifactsBucket", storage.artifacts.bucket_name),
            ("AuditBucket", storage.audit.bucket_name),
        ):
            CfnOutput(self, name, value=value)
