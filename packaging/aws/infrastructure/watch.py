"""Who is told when something goes wrong or gets dear, and the record of who read the photos."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Aws, Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infrastructure.function import Function
from infrastructure.machine import Machine
from infrastructure.settings import Parameters
from infrastructure.storage import Storage

_TRAIL = "spaceport-data"


class Notices(Construct):
    """The topic that everything worth a look is sent to, and its reader."""

    def __init__(self, scope: Construct, parameters: Parameters) -> None:
        super().__init__(scope, "Notices")
        self.topic = sns.Topic(self, "Topic", display_name="Spaceport", enforce_ssl=True)
        self.topic.add_subscription(
            subscriptions.EmailSubscription(parameters.notices.value_as_string)
        )
        ours = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        for service in ("cloudwatch", "budgets"):
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                    actions=["sns:Publish"],
                    resources=[self.topic.topic_arn],
                    conditions=ours,
                )
            )


class Alarms(Construct):
    """One alarm for each way in which the service itself may fail."""

    def __init__(
        self,
        scope: Construct,
        topic: sns.Topic,
        machine: Machine,
        api: apigateway.RestApi,
        functions: Mapping[str, Function],
    ) -> None:
        super().__init__(scope, "Alarms")
        self._topic = topic
        runs = machine.machine
        self._ring("ExecutionsFailed", runs.metric_failed(), "A job has failed or was stopped")
        self._ring("ExecutionsTimedOut", runs.metric_timed_out(), "A job ran out of time")
        self._ring("ExecutionsThrottled", runs.metric_throttled(), "Step Functions slows jobs")
        self._ring("ApiFailures", api.metric_server_error(), "The API answers 5xx")
        for name, made in functions.items():
            function = made.function
            self._ring(f"{name}Errors", function.metric_errors(), f"{name} has failed")
            self._ring(f"{name}Throttles", function.metric_throttles(), f"{name} is held back")

    def _ring(self, name: str, metric: cloudwatch.Metric, description: str) -> None:
        alarm = metric.with_(period=Duration.minutes(5), statistic="Sum").create_alarm(
            self,
            name,
            alarm_description=f"Spaceport: {description}.",
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))


class Budget(Construct):
    """A monthly budget of the whole account.

    Not of our tags alone: those count only once somebody has activated them by hand, and until
    then such a budget would never ring.
    """

    def __init__(self, scope: Construct, parameters: Parameters, topic: sns.Topic) -> None:
        super().__init__(scope, "Budget")
        reader = budgets.CfnBudget.SubscriberProperty(
            subscription_type="SNS", address=topic.topic_arn
        )
        budget = budgets.CfnBudget(
            self,
            "Monthly",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(
                    amount=parameters.budget_usd.value_as_number, unit="USD"
                ),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[reader],
                )
                for kind, percent in (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
            ],
        )
        # Who publishes to the topic must be allowed to before the budget names it.
        budget.node.add_dependency(topic.node.find_child("Policy"))


class Audit(Construct):
    """Every read and write of an object, by whom and from where.

    The API's log says which key called what; only CloudTrail's data events say who fetched a
    photo by a presigned address, and whether anybody in the account looked at the buckets.
    """

    def __init__(self, scope: Construct, storage: Storage) -> None:
        super().__init__(scope, "Audit")
        trail_arn = f"arn:{Aws.PARTITION}:cloudtrail:{Aws.REGION}:{Aws.ACCOUNT_ID}:trail/{_TRAIL}"
        trail = iam.ServicePrincipal("cloudtrail.amazonaws.com")
        ours = {"StringEquals": {"aws:SourceArn": trail_arn}}
        bucket = storage.audit
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[trail],
                actions=["s3:GetBucketAcl"],
                resources=[bucket.bucket_arn],
                conditions=ours,
            )
        )
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[trail],
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects(f"AWSLogs/{Aws.ACCOUNT_ID}/*")],
                conditions=ours,
            )
        )
        made = cloudtrail.CfnTrail(
            self,
            "Trail",
            trail_name=_TRAIL,
            is_logging=True,
            s3_bucket_name=bucket.bucket_name,
            enable_log_file_validation=True,
            include_global_service_events=False,
            is_multi_region_trail=False,
            advanced_event_selectors=[
                cloudtrail.CfnTrail.AdvancedEventSelectorProperty(
                    name="Objects of jobs",
                    field_selectors=[
                        _field("eventCategory", equal_to=["Data"]),
                        _field("resources.type", equal_to=["AWS::S3::Object"]),
                        _field(
                            "resources.ARN",
                            starts_with=[
                                storage.uploads.arn_for_objects(""),
                                storage.artifacts.arn_for_objects(""),
                            ],
                        ),
                    ],
                )
            ],
        )
        if bucket.policy is not None:
            made.node.add_dependency(bucket.policy)


def _field(
    name: str, equal_to: list[str] | None = None, starts_with: list[str] | None = None
) -> cloudtrail.CfnTrail.AdvancedFieldSelectorProperty:
    return cloudtrail.CfnTrail.AdvancedFieldSelectorProperty(
        field=name, equal_to=equal_to, starts_with=starts_with
    )
