"""Labs in numbers, a lab until it is stopped, and the list of faults."""

import asyncio
import json

import pytest

from connectors.lab.faults import all_faults
from connectors.lab.running import described, labs, listing, serve
from connectors.lab.server import Lab
from knowledge.scep import read_bundle
from tests.lab.asking import CACERT, ask, verifying


async def test_several_labs_run_side_by_side() -> None:
    names = ["healthy", "ra-expired", "pool-stopped", "tls-name-mismatch", "app-proxy-504"]
    async with labs(names) as running:
        assert [lab.fault.name for lab in running] == names
        assert len({lab.url for lab in running}) == 5
        assert [(await ask(lab)).status for lab in running] == [403, 403, 503, 403, 504]


async def test_labs_of_one_fault_share_their_certificates_and_others_do_not() -> None:
    async with labs(["healthy", "crl-expired", "healthy"]) as running:
        first, other, second = [read_bundle((await ask(lab, CACERT)).body) for lab in running]
        assert first == second
        assert {ca.sha256 for ca in first.authorities} & {ca.sha256 for ca in other.authorities}  # the root
        assert first.issuing != other.issuing


async def test_what_is_published_follows_each_labs_fault() -> None:
    async with labs(["healthy", "crl-missing-500"]) as running:
        for number, status in ((1, 200), (2, 404)):
            path = f"/CertEnroll/{number}/Lab-Issuing-CA-1.crl"
            assert (await ask(running[0], path, plain=True)).status == status


def _may_open_few_files() -> bool:
    try:
        import resource
    except ImportError:
        return False
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return most != resource.RLIM_INFINITY and most < 2_000


@pytest.mark.skipif(_may_open_few_files(), reason="this computer allows a process fewer than 2,000 open files")
async def test_a_thousand_labs_run_in_one_process() -> None:
    async with labs(["healthy"] * 1_000) as running:
        assert len({lab.port for lab in running}) == 1_000
        some = running[::50]
        heard = await asyncio.gather(*(ask(lab, CACERT, context=verifying(lab)) for lab in some))
        assert {answer.status for answer in heard} == {200}
        assert all(len(lab.requests) == (lab in some) for lab in running)


async def test_a_lab_runs_until_it_is_stopped() -> None:
    ready: asyncio.Future[Lab] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve("pool-stopped", host="ndes.example.com", on_ready=ready.set_result))
    lab = await asyncio.wait_for(ready, 10)
    told = json.loads(json.dumps(described(lab)))
    assert told == {"url": lab.url, "ca_file": lab.ca_file, "fault": "pool-stopped"}
    assert (await ask(lab)).status == 503
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert serving.cancelled()


def test_the_list_names_every_fault_with_its_cause() -> None:
    listed = listing()
    assert [row["fault"] for row in listed] == [fault.name for fault in all_faults()]
    assert all({"fault", "cause", "does", "healthy", "needs_memory"} == row.keys() for row in listed)
    json.dumps(listed)
