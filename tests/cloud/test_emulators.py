"""The emulated account itself."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from .emulators.stack import Stack


def test_buckets_are_there_and_hold_what_is_put(stack: Stack) -> None:
    s3 = stack.client("s3")
    s3.put_object(Bucket=stack.uploads, Key="a/ü", Body=b"x", ChecksumAlgorithm="SHA256")
    assert s3.get_object(Bucket=stack.uploads, Key="a/ü")["Body"].read() == b"x"
    # Other tests may have made more of them.
    assert {stack.uploads, stack.artifacts} <= {b["Name"] for b in s3.list_buckets()["Buckets"]}


def test_sagemaker_refuses_a_request_that_its_model_does_not_know(stack: Stack) -> None:
    body = b'{"ProcessingJobName": "one", "Surprise": 1}'
    request = urllib.request.Request(
        stack.endpoint,
        body,
        {
            "X-Amz-Target": "SageMaker.CreateProcessingJob",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-west-2/sagemaker/"
            "aws4_request, SignedHeaders=host, Signature=0",
        },
    )
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request)
    assert raised.value.code == 400
    assert "Missing required parameter" in raised.value.read().decode()
