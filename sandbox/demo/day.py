"""The scenes of the day, in order. Each leaves both sides in step, or says why not."""

from __future__ import annotations

from sandbox.demo.grading import a_teachers_grade, first_grades
from sandbox.demo.stage import Stage
from sandbox.moodle.senders.disorder import Disorder

COHORT = 200
_ROSTER_CALLS = r"^(GET|POST) /v2/course"
_ADDITIONS = r"^POST /v2/course/\d+/student$"


def connect(stage: Stage) -> None:
    """Both systems are connected, and the course is mapped."""
    stage.tell.scene("Morning: an administrator connects Moodle and kuraCloud")
    site = stage.service.read("site", "add", "--file", "-", given=stage.set_up_plugin())
    stage.tell.say(f"{site['site_name']}, Moodle {site['release'].partition(' ')[0]}, with the plugin local_kurasync,")
    stage.tell.say("which reports events, tells who is enrolled, and lets grades in.")
    instance = ("instance", "add", "kura", "--url", stage.kura.url, "--token-file", "-")
    stage.service.command(*instance, given=stage.kura.token)
    stage.service.command("mapping", "add", stage.mapping, f"kura:{stage.kura_course}")
    stage.tell.say("The Moodle course has 12 students.")
    stage.tell.say("The kuraCloud course has three of them already, and a guest.")


def first_look(stage: Stage) -> None:
    """Nothing is done before a person has seen what would be done."""
    stage.tell.scene("The first plan waits for a person")
    hold = stage.wait_for_hold("the whole first plan is held", lambda hold: len(hold["items"]) > 0)
    stage.tell.check(not stage.kura.calls.matching(_ADDITIONS), "nothing was written to kuraCloud yet")
    stage.tell.show(stage.service.command("holds", "show", str(hold["id"])))
    stage.tell.say("The teacher has looked at it and approves.")
    stage.approve(hold)
    stage.wait("both sides hold the same", stage.in_step)


def newcomers(stage: Stage) -> None:
    """New students arrive within seconds, and nobody presses anything."""
    stage.tell.scene("Three students enrol")
    for firstname, lastname in (("Maya", "Osei"), ("Søren", "Kjær"), ("Lin", "Ō Brien")):
        stage.enrol(firstname, lastname)
    stage.wait("they are in kuraCloud", stage.in_step)


def cohort(stage: Stage) -> None:
    """A mass enrolment is one piece of work, not six hundred."""
    stage.tell.scene(f"A cohort of {COHORT} is added to the course")
    group = stage.moodle.create_group(stage.course, "Section C")
    pool = stage.moodle.create_course("Pool", shortname="POOL")
    students = stage.moodle.create_students(pool, COHORT)
    everybody = stage.moodle.create_cohort("Year 1")
    for student in students:
        stage.moodle.add_to_cohort(student, everybody)
    stage.wait("kurasync has nothing left to do", lambda: _idle(stage))
    runs, events = stage.runs(), len(stage.moodle.events)
    stage.kura.calls.clear()
    stage.moodle.cohort_enrolment(everybody, stage.course, group)
    stage.wait("all of them are in kuraCloud, in their section", stage.in_step)
    stage.wait("kurasync has nothing left to do", lambda: _idle(stage))
    made, calls = stage.runs() - runs, len(stage.kura.calls.matching(_ROSTER_CALLS))
    stage.tell.say(f"{len(stage.moodle.events) - events} events of Moodle: {made} run(s), {calls} calls to kuraCloud.")
    stage.tell.check(made <= 2 and calls <= 8, "at most 2 runs and 8 calls")


def renamed_group(stage: Stage) -> None:
    """A section follows the name of its group."""
    stage.tell.scene("Section A becomes Lab 1")
    group = next(group["id"] for group in stage.moodle.state()["groups"] if group["name"] == "Section A")
    stage.moodle.rename_group(group, "Lab 1")
    stage.wait("kuraCloud shows the new section", stage.in_step)


def changed_email(stage: Stage) -> None:
    """A new address means a new account in kuraCloud: a person decides."""
    stage.tell.scene("A student gets a new e-mail address")
    student = stage.moodle.expected_students(stage.course)[0]
    stage.moodle.change_email(student["id"], "new.address@example.edu")
    hold = stage.wait_for_hold("the re-invitation is held", lambda hold: hold["items"][0]["action"] == "reinvite")
    stage.tell.check(str(student["email"]) in stage.present(), "the old account is untouched so far")
    stage.approve(hold)
    stage.wait("after approval the new address is invited and the old account gone", stage.in_step)


def storm(stage: Stage) -> None:
    """Events come twice and out of order; the result is that of the two systems' present state."""
    stage.tell.scene("A storm: everybody is renamed, half of the events come twice, many in the wrong order")
    stage.sender.disorder = Disorder(duplicated=0.5, reordered=0.5, seed=4)
    for student in stage.moodle.expected_students(stage.course)[:60]:
        stage.moodle.rename_user(student["id"], firstname=f"{student['firstname']} II")
    stage.sender.disorder = Disorder()
    stage.wait("kuraCloud has every new name", stage.in_step)
    stage.wait("kurasync has nothing left to do", lambda: _idle(stage))


def kuracloud_down(stage: Stage) -> None:
    """kuraCloud is away for a while; nothing is lost."""
    stage.tell.scene("kuraCloud is down while two students enrol")
    stage.kura.server.stop()
    stage.enrol("Amir", "Haddad")
    stage.enrol("Chloé", "Martin")
    stage.wait("kurasync has noticed", lambda: stage.runs_ended_as("retry") > 0)
    stage.kura.server.start()
    stage.tell.say("kuraCloud is back.")
    stage.wait("both are in kuraCloud", stage.in_step)


def redis_killed(stage: Stage) -> None:
    """The queue is killed; what is wanted is in SQL."""
    stage.tell.scene("Redis is killed while two students enrol")
    stage.service.kill_redis()
    stage.enrol("Noor", "Bakker")
    stage.enrol("Ivo", "Petrov")
    stage.wait("both are in kuraCloud", stage.in_step)


def leaver(stage: Stage) -> None:
    """One who leaves is removed: Moodle's plugin proves that she left."""
    stage.tell.scene("A student leaves the course")
    stage.moodle.unenrol(stage.moodle.expected_students(stage.course)[5]["id"], stage.course)
    stage.wait("she is gone from kuraCloud", stage.in_step)


def mistake(stage: Stage) -> None:
    """What is risky waits; what is safe does not wait for it."""
    stage.tell.scene("The cohort's enrolment is switched off by mistake while ten enrol")
    before = stage.present().keys()
    stage.moodle.disable_enrol_method(stage.course, "cohort")
    for number in range(10):
        stage.enrol("New", f"Comer {number}")
    stage.wait("the ten are in kuraCloud", lambda: stage.expected().keys() <= stage.present().keys())
    stage.wait_for_hold(f"the {COHORT} removals are held", lambda hold: len(hold["items"]) == COHORT)
    stage.tell.check(before <= stage.present().keys(), "nobody was removed")
    stage.moodle.enable_enrol_method(stage.course, "cohort")
    stage.tell.say("It is switched on again.")
    stage.wait("nothing is held any more", lambda: stage.hold() is None)
    stage.wait("both sides hold the same", stage.in_step)


def evening(stage: Stage) -> None:
    """The two systems' own state is compared, and what was done is on record."""
    stage.tell.scene("Evening: what the two systems hold, and what kurasync wrote down")
    stage.wait("kurasync has nothing left to do", lambda: _idle(stage))
    expected, present = stage.expected(), stage.present()
    stage.tell.check(present == expected, f"kuraCloud holds exactly the {len(expected)} students of Moodle")
    there = stage.gradebook()
    stage.tell.check(there == stage.points(), f"Moodle's gradebook holds exactly the {len(there)} grades of kuraCloud")
    invited = [email for _, email, _ in stage.kura.invites]
    stage.tell.check(len(invited) == len(set(invited)), f"{len(invited)} invitations, nobody was invited twice")
    rows = stage.service.read("audit", "list", "--limit", "1000")
    begun = {row["call"] for row in rows if row["phase"] == "begin"}
    ended = {row["call"] for row in rows if row["phase"] == "end"}
    stage.tell.check(begun == ended and len(begun) > 0, f"{len(begun)} writes, each with a row before and one after")
    stage.tell.show(stage.service.command("audit", "list", "--limit", "8"))


SCENES = (
    connect,
    first_look,
    newcomers,
    cohort,
    renamed_group,
    changed_email,
    storm,
    kuracloud_down,
    redis_killed,
    leaver,
    mistake,
    first_grades,
    a_teachers_grade,
    evening,
)


def _idle(stage: Stage) -> bool:
    return not stage.service.read("queues")["rows"]

