// Variants that are chosen at enrollment, and what they replace; scenario_variant_switch_test.cpp has those that come
// later. playbook-language.md: "Variants, score, experiments, workflows".

#include <doctest/doctest.h>

#include "variant_support.h"

namespace relance::tests {
namespace {

TEST_CASE("at enrollment the first variant whose condition holds is taken, and an error is no") {
  const std::string body = R"(
variants:
  - { id: broken, when: lead.missing > 1, replace: { steps: [{ id: x, day: 0, channel: task }] } }
  - { id: warm, when: lead.score >= 50, replace: { steps: [{ id: w, day: 0, channel: task }] } }
  - { id: hot, when: lead.score >= 80, replace: { steps: [{ id: h, day: 0, channel: task }] } }
steps: [{ id: a, day: 0, channel: task }])";
  CHECK(cadence_story(body, {kHot}) == lines(R"(
    03-02 09:00 lead.enrolled p variant warm
    03-02 09:00 touch.emitted w
    03-02 09:00 lead.exited p completed []
  )"));
  CHECK(cadence_story(body, {kCold}) == lines(R"(
    03-02 09:00 lead.enrolled p
    03-02 09:00 touch.emitted a
    03-02 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a condition of a variant sees the event that enrolls") {
  const std::string body = R"(
variants: [{ id: demo, when: 'event.form == "demo"', replace: { steps: [{ id: d, day: 0, channel: task }] } }]
steps: [{ id: a, day: 0, channel: task }])";
  CHECK(cadence_story(body, {{"03-02 09:00", "L", "lead.created", "'form':'demo'"}}) == lines(R"(
    03-02 09:00 lead.enrolled p variant demo
    03-02 09:00 touch.emitted d
    03-02 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a variant replaces whole keys: what it does not repeat within one is gone") {
  CHECK(cadence_story("touches: { min: 3, max: 4, within: 10d }\n" + hot("touches: { within: 1d }") +
                          "steps: [{ id: a, day: 0, channel: task }]",
                      {kHot}) == lines(R"(
    03-02 09:00 lead.enrolled p variant hot
    03-02 09:00 touch.emitted a
    03-03 09:00 lead.exited p completed []
  )"));
}

TEST_CASE("a variant's caps come in the place of the playbook's, and the house's stay before them") {
  const rules::House house = house_of("caps: [{ max: 1, per: day }]");
  const std::string body = "caps: [{ max: 1, per: 30d }]\n" + hot("caps: []") +
                           "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 0, channel: task }]";
  CHECK(story_of({{cadence(body)}, {kHot}, {}, house}, "L", "touch.") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:any until 03-03 00:00
    03-03 00:00 touch.emitted b
  )"));
  CHECK(story_of({{cadence(body)}, {kCold}, {}, house}, "L", "touch.") == lines(R"(
    03-02 09:00 touch.emitted a
    03-02 09:00 touch.deferred b cap:lead:any until 04-01 09:00
    04-01 09:00 touch.emitted b
  )"));
}

TEST_CASE("a variant replaces the cool-down, the SLA and the contact hours") {
  CHECK(cadence_story("cool_down: { after: 1, pause: 9d }\n" + hot("cool_down: { after: 1, pause: 1d }") +
                          "steps: [{ id: a, day: 0, channel: task }]",
                      {kHot}) == lines(R"(
    03-02 09:00 lead.enrolled p variant hot
    03-02 09:00 touch.emitted a
    03-02 09:00 cool_down.started until 03-03 09:00
    03-02 09:00 lead.exited p completed []
    03-03 09:00 cool_down.ended
  )"));
  CHECK(cadence_story("sla: { first_touch: { within: 2h } }\n" + hot("sla: { first_touch: { within: 30m } }") +
                          "steps: [{ id: a, day: 1, channel: task }]",
                      {kHot}) == lines(R"(
    03-02 09:00 lead.enrolled p variant hot
    03-02 09:30 sla.breached
    03-03 09:00 touch.emitted a
    03-03 09:00 lead.exited p completed []
  )"));
  // The anchor, too, is the first open instant of the variant's hours.
  CHECK(cadence_story("contact_hours: { from: '09:00', to: '17:00' }\n" +
                          hot("contact_hours: { from: '12:00', to: '13:00' }") +
                          "steps: [{ id: a, day: 0, channel: task }, { id: b, day: 1, channel: task }]",
                      {kHot}, {}) == lines(R"(
    03-02 09:00 lead.enrolled p variant hot
    03-02 12:00 touch.emitted a
    03-03 12:00 touch.emitted b
    03-03 12:00 lead.exited p completed []
  )"));
}

TEST_CASE("a variant's contact hours bring their own fallback zone, else the house's") {
  const std::string body = "contact_hours: { from: '09:00', to: '17:00', fallback_zone: Asia/Tokyo }\n";
  const std::string step = "steps: [{ id: a, day: 0, channel: task }]";
  const rules::House house = house_of("zone: Europe/Paris");
  const auto touches = [&](const std::string& replace) {
    return story_of({{cadence(body + hot(replace) + step)}, {kHot}, {}, house}, "L", "touch.");
  };
  CHECK(touches("contact_hours: { from: '12:00', to: '13:00', fallback_zone: America/New_York }") ==
        "03-02 17:00 touch.emitted a\n");
  CHECK(touches("contact_hours: { from: '12:00', to: '13:00' }") == "03-02 11:00 touch.emitted a\n");
}

TEST_CASE("steps as a map change keys of single steps and leave the rest") {
  CHECK(cadence_story(
            hot("steps: { b: { day: 3, at: '10:30' }, a: { channel: email }, c: { wait: 2d, skip_if: 'true' } }") +
                R"(
steps:
  - { id: a, day: 0, channel: task }
  - { id: b, day: 1, channel: task }
  - { id: c, wait: 1h, channel: task }
  - { id: d, wait: 1h, channel: task })",
            {kHot}) == lines(R"(
    03-02 09:00 lead.enrolled p variant hot
    03-02 09:00 touch.skipped a no_contact_point
    03-05 10:30 touch.emitted b
    03-07 10:30 touch.skipped c skip_if
    03-07 11:30 touch.emitted d
    03-07 11:30 lead.exited p completed []
  )"));
}

TEST_CASE("a changed step keeps its time of day when only its day changes, and the other way round") {
  const std::string steps = "steps: [{ id: a, day: 1, at: '11:00', channel: task }]";
  CHECK(cadence_story(hot("steps: { a: { day: 2 } }") + steps, {kHot}).find("03-04 11:00 touch.emitted a") !=
        std::string::npos);
  CHECK(cadence_story(hot("steps: { a: { at: '12:00' } }") + steps, {kHot}).find("03-03 12:00 touch.emitted a") !=
        std::string::npos);
}

TEST_CASE("whether every channel is blocked is judged by the file's steps, before any variant") {
  const Given opted_out{"03-02 08:00", "L", "optout.received", "'channel':'email'"};
  const std::string steps = "steps: [{ id: a, day: 0, channel: email }]";
  CHECK(cadence_story(hot("steps: [{ id: b, day: 0, channel: task }]") + steps, {opted_out, kHot})
            .ends_with("03-02 09:00 lead.not_enrolled p suppressed\n"));
  CHECK(cadence_story(hot(steps) + "steps: [{ id: b, day: 0, channel: task }]", {opted_out, kHot}).ends_with(lines(R"(
    03-02 09:00 lead.enrolled p variant hot
    03-02 09:00 touch.skipped a no_contact_point
    03-02 09:00 lead.exited p completed []
  )")));
}

TEST_CASE("the next enrollment chooses its variant anew") {
  const std::string again = "playbook: p\nenroll: { on: lead.created, again: {} }\n" +
                            hot("steps: [{ id: h, day: 0, channel: task }]") +
                            "steps: [{ id: a, day: 0, channel: task }]";
  CHECK(story_of({{again}, {kHot, {"03-03 09:00", "L", "lead.created", "'score':1"}}}) == lines(R"(
    03-02 09:00 lead.enrolled p variant hot
    03-02 09:00 touch.emitted h
    03-02 09:00 lead.exited p completed []
    03-03 09:00 lead.enrolled p
    03-03 09:00 touch.emitted a
    03-03 09:00 lead.exited p completed []
  )"));
}

}  // namespace
}  // namespace relance::tests
