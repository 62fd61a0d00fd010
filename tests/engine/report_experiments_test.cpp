// What a ledger says about experiments: engine/report/experiments.h.

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "engine/ledger/ledger_line.h"
#include "engine/report/csv.h"
#include "engine/report/experiments.h"
#include "simulation_support.h"

namespace relance::tests {
namespace {

using engine::ExperimentPlan;
using engine::ExperimentReport;
using engine::ExperimentResult;
using engine::Verdict;

using Lines = std::vector<std::string>;

ExperimentPlan plan(std::uint64_t least = 20) {
  ExperimentPlan plan;
  plan.playbook = "p";
  plan.revision = "r1";
  plan.experiment = "subject";
  plan.arms = {{"control", 1, true, false}, {"short", 1, false, false}};
  plan.success_reasons = {"goal"};
  plan.success_within = rules::kDay * 10;
  plan.min_per_arm = least;
  return plan;
}

/// A ledger, built record by record; a day is of March 2026.
class Ledger {
 public:
  void add(int day, std::string_view type, const std::string& lead, const std::string& more) {
    lines_.push_back(fmt::format(R"({{"seq":{},"at":"2026-03-{:02}T09:00:00.000Z","type":"{}","subject":"{}",{}}})",
                                 lines_.size(), day, type, lead, more));
  }
  void assign(const std::string& lead, std::string_view arm, int day = 1, std::string_view more = "",
              std::string_view revision = "r1") {
    add(day, "experiment.assigned", lead,
        fmt::format(R"("playbook":"p","revision":"{}","enrollment":"e-{}","arm":"{}"{})", revision, lead, arm, more));
  }
  void exit(const std::string& lead, std::string_view reason, int day) {
    add(day, "lead.exited", lead, fmt::format(R"("playbook":"p","enrollment":"e-{}","reason":"{}")", lead, reason));
  }
  void touch(const std::string& lead, std::string_view type = "touch.emitted", int day = 2) {
    add(day, type, lead, fmt::format(R"("playbook":"p","enrollment":"e-{}")", lead));
  }
  /// `count` leads in the arm, the first `converted` of which reach the goal.
  void group(std::string_view arm, int count, int converted, int day = 1) {
    for (int i = 0; i < count; ++i) assign(fmt::format("{}-{}-{}", arm, day, i), arm, day);
    for (int i = 0; i < converted; ++i) exit(fmt::format("{}-{}-{}", arm, day, i), "goal", day + 1);
  }
  void end(int day) { add(day, "lead.scored", "x", R"("score":1)"); }
  const Lines& lines() const { return lines_; }

 private:
  Lines lines_;
};

struct Group {
  int leads;
  int converted;
};
/// Both arms, up to March 20.
Ledger ledger_of(const Group& control, const Group& in_short) {
  Ledger ledger;
  ledger.group("control", control.leads, control.converted);
  ledger.group("short", in_short.leads, in_short.converted);
  ledger.end(20);
  return ledger;
}

ExperimentReport report_of(const Lines& lines, const std::vector<ExperimentPlan>& plans = {plan()},
                           std::optional<rules::Instant> until = {}) {
  engine::LedgerFacts facts;
  for (const std::string& line : lines) REQUIRE(facts.add(line));
  auto report = engine::report_experiments(plans, facts, until);
  REQUIRE(report);
  return *report;
}

ExperimentResult one(const Lines& lines, const ExperimentPlan& plan_of_it = plan(),
                     std::optional<rules::Instant> until = {}) {
  const ExperimentReport report = report_of(lines, {plan_of_it}, until);
  REQUIRE(report.experiments.size() == 1);
  return report.experiments.front();
}

bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_CASE("with enough leads and the shares as planned, arms are compared with control") {
  const Ledger ledger = ledger_of({80, 48}, {70, 56});
  const ExperimentResult result = one(ledger.lines());
  CHECK(result.verdict == Verdict::effect);
  REQUIRE(result.ratio);
  CHECK(result.ratio->p_value == doctest::Approx(0.414216));  // 100 / 150, one degree of freedom
  REQUIRE(result.arms[1].effect);
  CHECK(result.arms[0].effect->converted == 48);
  CHECK_FALSE(result.arms[0].effect->to_control);
  REQUIRE(result.arms[1].effect->to_control);
  // Newcombe's first example: 56 of 70 against 48 of 80.
  CHECK(result.arms[1].effect->to_control->value == doctest::Approx(0.2));
  CHECK(result.arms[1].effect->to_control->interval.low == doctest::Approx(0.0524).epsilon(0.001));
  CHECK(result.arms[1].effect->to_control->interval.high == doctest::Approx(0.3339).epsilon(0.001));
  CHECK(result.arms[1].effect->exits.at("goal") == 56);
}

TEST_CASE("shares that chance does not explain raise the alarm, and nothing is said about an effect") {
  const Ledger ledger = ledger_of({120, 10}, {60, 50});
  const ExperimentReport report = report_of(ledger.lines());
  const ExperimentResult& result = report.experiments.front();
  CHECK(report.alarm());
  CHECK(result.verdict == Verdict::mismatch);
  CHECK(result.ratio->chi_square == doctest::Approx(20));
  for (const auto& arm : result.arms) CHECK_FALSE(arm.effect);
  for (const std::string& form : {engine::experiments_text(report), engine::experiments_html(report)}) {
    CHECK(says(form, "ALARM: sample ratio mismatch"));
    CHECK_FALSE(says(form, "converted"));
    CHECK_FALSE(says(form, "50"));  // the conversions of `short`
  }
  const auto json = nlohmann::json::parse(engine::experiments_json(report));
  CHECK(json["alarm"] == true);
  CHECK_FALSE(json["experiments"][0]["arms"][1].contains("converted"));
  CHECK_FALSE(json["experiments"][0]["arms"][1].contains("exits"));
}

TEST_CASE("before min_per_arm a report says how many are missing, and nothing of an effect") {
  const Ledger ledger = ledger_of({30, 5}, {19, 13});
  const ExperimentReport report = report_of(ledger.lines());
  CHECK(report.experiments.front().verdict == Verdict::too_few);
  CHECK(says(report.experiments.front().message, "1 more in short"));
  CHECK_FALSE(says(report.experiments.front().message, "control"));
  for (const std::string& form : {engine::experiments_text(report), engine::experiments_html(report)}) {
    CHECK(says(form, "1 more in short"));
    CHECK_FALSE(says(form, "converted"));
    CHECK_FALSE(says(form, "13"));
  }
  CHECK(says(engine::experiments_csv(report), ",,,,,,,,\r\n"));
  CHECK_FALSE(report.alarm());

  Ledger one_more;
  one_more.group("control", 30, 5);
  one_more.group("short", 20, 13);
  one_more.end(20);
  CHECK(one(one_more.lines()).verdict == Verdict::effect);
}

TEST_CASE("leads that were assigned too late to be judged do not count towards an effect") {
  Ledger ledger;
  ledger.group("control", 30, 5, 1);
  ledger.group("short", 30, 5, 1);
  ledger.group("control", 30, 0, 9);
  ledger.group("short", 30, 0, 9);
  ledger.end(18);
  const ExperimentResult early = one(ledger.lines());
  CHECK(early.arms[0].assigned == 60);
  CHECK(early.arms[0].observed == 30);
  REQUIRE(early.arms[0].effect);
  CHECK(early.arms[0].effect->interval.low == doctest::Approx(engine::wilson_interval({5, 30}).low));
  CHECK(one(ledger.lines(), plan(), instant("03-30 00:00")).arms[0].observed == 30);  // the ledger ends before
  ledger.end(19);                                                                     // ten days after the second ones
  CHECK(one(ledger.lines()).arms[0].observed == 60);
  // What came after `until` has not happened.
  CHECK(one(ledger.lines(), plan(), instant("03-08 00:00")).verdict == Verdict::too_few);
  CHECK(one(ledger.lines(), plan(), instant("03-08 00:00")).arms[0].assigned == 30);
}

TEST_CASE("a success counts in its time only, and only what the experiment calls one") {
  Ledger ledger;
  ledger.group("control", 20, 0);
  ledger.group("short", 20, 0);
  ledger.exit("short-1-0", "goal", 11);  // ten days later, to the instant
  ledger.exit("short-1-1", "goal", 12);  // too late
  ledger.exit("short-1-2", "reply", 3);  // none
  ledger.exit("short-1-3", "meeting.held", 3);
  ledger.end(25);
  CHECK(one(ledger.lines()).arms[1].effect->converted == 1);
  ExperimentPlan held = plan();
  held.success_reasons = {"meeting.held", "goal"};
  held.success_within.reset();
  CHECK(one(ledger.lines(), held).arms[1].effect->converted == 3);
}

TEST_CASE("touches that were taken back do not count; opt-outs and complaints count once a lead") {
  Ledger ledger;
  ledger.assign("a", "control");
  ledger.touch("a");
  ledger.touch("a");
  ledger.touch("a", "touch.cancelled");
  ledger.add(3, "opt_out.received", "a", R"("channel":"email","intake":"link")");
  ledger.add(3, "opt_out.received", "a", R"("channel":"all","intake":"agent")");
  ledger.add(4, "suppression.added", "a", R"("channel":"email","intake":"complaint","reason":"complaint")");
  ledger.add(4, "opt_out.received", "a", R"("channel":"all","intake":"complaint")");
  ledger.add(4, "suppression.added", "a", R"("channel":"email","intake":"register","reason":"hard_bounce")");
  ledger.add(4, "opt_out.received", "stranger", R"("channel":"all","intake":"link")");
  const ExperimentResult result = one(ledger.lines());
  CHECK(result.arms[0].touches == 1);
  CHECK(result.arms[0].opted_out == 1);
  CHECK(result.arms[0].complained == 1);
  CHECK(result.arms[1].assigned == 0);
}

TEST_CASE("an experiment by account counts accounts, and a lead that comes again once") {
  Ledger ledger;
  ledger.assign("a", "control", 1, R"(,"account":"acme")");
  ledger.assign("b", "control", 2, R"(,"account":"acme")");
  ledger.assign("c", "short", 2, R"(,"account":"globex")");
  ledger.assign("alone", "short", 2);
  ExperimentPlan by_account = plan();
  by_account.by_account = true;
  CHECK(one(ledger.lines(), by_account).arms[0].assigned == 1);
  CHECK(one(ledger.lines(), by_account).arms[1].assigned == 2);
  CHECK(one(ledger.lines()).arms[0].assigned == 2);
  ledger.assign("a", "control", 3);
  ledger.assign("b", "short", 3);
  const ExperimentResult by_lead = one(ledger.lines());
  CHECK(by_lead.arms[0].assigned == 2);
  CHECK(by_lead.arms[1].assigned == 2);
  CHECK(by_lead.in_two_arms == 1);
}

TEST_CASE("a revision that no folder has is counted and not judged, and an arm that the revision lacks is an alarm") {
  Ledger ledger;
  ledger.assign("a", "control", 1, "", "r0");
  ledger.assign("b", "short", 1, "", "r0");
  ledger.assign("c", "short", 1, "", "r0");
  const ExperimentReport report = report_of(ledger.lines());
  REQUIRE(report.experiments.size() == 2);  // the one in force comes first
  CHECK(report.experiments[0].verdict == Verdict::too_few);
  CHECK(report.experiments[1].verdict == Verdict::unknown_revision);
  CHECK(report.experiments[1].revision == "r0");
  CHECK(report.experiments[1].arms[1].assigned == 2);
  CHECK(says(engine::experiments_text(report), "--earlier"));
  ledger.assign("d", "forged");
  CHECK(report_of(ledger.lines()).alarm());
  CHECK(nlohmann::json::parse(engine::experiments_json(report_of(ledger.lines())))["alarm"] == true);
}

TEST_CASE("what is no record is refused with its reason, and records of two ledgers are, too") {
  engine::LedgerFacts facts;
  for (const char* line :
       {"", "nonsense", "[]", "{}", R"({"seq":-1,"at":"2026-03-01T09:00:00.000Z","type":"t"})",
        R"({"seq":1,"at":"yesterday","type":"t"})", R"({"seq":1,"at":"2026-03-01T09:00:00.000Z"})"}) {
    CAPTURE(line);
    CHECK_FALSE(facts.add(line));
  }
  Ledger ledger;
  ledger.assign("a", "control");
  Ledger other;
  other.assign("b", "control");
  REQUIRE(facts.add(ledger.lines()[0]));
  REQUIRE(facts.add(other.lines()[0]));
  const auto report = engine::report_experiments({plan()}, facts, {});
  REQUIRE_FALSE(report);
  CHECK(says(report.error(), "sequence number 0"));
}

TEST_CASE("arms are compared only where the ledger can tell what they came to") {
  const auto why = [](const std::string& body) {
    const auto rulebook = rulebook_of({cadence(body + "steps: [{ id: a, day: 0, channel: task }]\n")});
    return engine::plan_of(*rulebook.current().front(), true)->not_comparable;
  };
  const std::string arms = "arms: { control: 1, short: 1 }";
  const std::string window = "touches: { within: 10d }\n";
  CHECK(why(window + "experiment: { id: e, " + arms + " }\n") == "");
  CHECK(why("experiment: { id: e, " + arms + " }\n") == "");
  CHECK(why(window + "goal: [lead.converted, meeting.booked]\nexperiment: { id: e, " + arms +
            ", success: { goal: any } }\n") == "");
  CHECK(says(why(window + "goal: [lead.converted, meeting.booked]\nexperiment: { id: e, " + arms +
                 ", success: { goal: meeting.booked } }\n"),
             "lead.converted is a goal and no success"));
  CHECK(says(why(window + "experiment: { id: e, " + arms + ", success: { goal: meeting.held } }\n"),
             "meeting.held ends no enrollment"));
  CHECK(why(window + "experiment: { id: e, " + arms + ", success: { goal: touch.replied } }\n") == "");
  CHECK(says(why(window + "experiment: { id: e, " + arms + ", replace: { short: { touches: { within: 5d } } } }\n"),
             "observed for different times"));
  CHECK(says(why("experiment: { id: e, " + arms + ", replace: { short: { steps: { a: { channel: call } } } } }\n"),
             "without a window"));
  CHECK(says(why("experiment: { id: e, arms: { control: 1, holdout: 1 } }\n"), "the arm holdout ends where it begins"));
  CHECK(why(window + "experiment: { id: e, arms: { control: 1, holdout: 1 } }\n") == "");

  const Ledger ledger = ledger_of({30, 9}, {30, 9});
  ExperimentPlan blind = plan();
  blind.not_comparable = "because";
  CHECK(one(ledger.lines(), blind).verdict == Verdict::not_comparable);
  CHECK_FALSE(one(ledger.lines(), blind).arms[0].effect);
}

/// A ledger of leads in two arms that do anything.
rc::Gen<Lines> ledgers() {
  return rc::gen::exec([] {
    Ledger ledger;
    const int leads = *rc::gen::inRange(1, 90);
    for (int i = 0; i < leads; ++i) {
      const std::string lead = fmt::format("lead-{}", i);
      ledger.assign(lead, *rc::gen::element(std::string("control"), std::string("short")), *rc::gen::inRange(1, 12));
      if (*rc::gen::arbitrary<bool>()) ledger.touch(lead, "touch.emitted", 12);
      switch (*rc::gen::inRange(0, 4)) {
        case 0:
          ledger.exit(lead, "goal", *rc::gen::inRange(12, 25));
          break;
        case 1:
          ledger.exit(lead, "completed", 13);
          break;
        case 2:
          ledger.add(14, "opt_out.received", lead, R"("channel":"all","intake":"link")");
          break;
        default:
          break;
      }
    }
    ledger.end(*rc::gen::inRange(12, 29));
    return ledger.lines();
  });
}

TEST_CASE("neither the order of records nor repeated ones change a report") {
  CHECK(rc::check([] {
    const Lines lines = *ledgers();
    const std::string wanted = engine::experiments_json(report_of(lines, {plan(5)}));
    Lines mixed = lines;
    for (std::size_t i = 0; i + 1 < mixed.size(); ++i) {
      std::swap(mixed[i], mixed[*rc::gen::inRange(i, mixed.size())]);
    }
    const std::size_t repeated = *rc::gen::inRange<std::size_t>(0, mixed.size());
    mixed.insert(mixed.end(), lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(repeated));
    RC_ASSERT(engine::experiments_json(report_of(mixed, {plan(5)})) == wanted);
  }));
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

TEST_CASE("other names for the arms change nothing but the names") {
  CHECK(rc::check([] {
    const Lines lines = *ledgers();
    ExperimentPlan renamed = plan(5);
    renamed.arms[0].id = "as-it-was";
    renamed.arms[1].id = "other";
    Lines relabelled;
    for (const std::string& line : lines)
      relabelled.push_back(replaced(replaced(line, R"("arm":"control")", R"("arm":"as-it-was")"), R"("arm":"short")",
                                    R"("arm":"other")"));
    std::string wanted = engine::experiments_json(report_of(lines, {plan(5)}));
    wanted = replaced(replaced(wanted, R"("arm": "control")", R"("arm": "as-it-was")"), R"("arm": "short")",
                      R"("arm": "other")");
    wanted = replaced(replaced(wanted, "more in control", "more in as-it-was"), "more in short", "more in other");
    RC_ASSERT(engine::experiments_json(report_of(relabelled, {renamed})) == wanted);
  }));
}

TEST_CASE("the report of a simulation counts what its ledger says") {
  const auto rulebook =
      rulebook_of({cadence("touches: { within: 10d }\nsteps: [{ id: a, day: 0, channel: task }]\n"
                           "experiment: { id: subject-line, arms: { control: 50, short: 50 }, min_per_arm: 1 }\n")});
  engine::LedgerFacts facts;
  engine::Simulation simulation(rulebook, [&](std::uint64_t seq, const engine::LedgerContext& context,
                                              const std::vector<rules::Record>& records) {
    for (const rules::Record& record : records) {
      std::string line;
      engine::append_ledger_line(line, record, {seq++, context.lead->subject.value, {}, {}, context.cause});
      REQUIRE(facts.add(line));
    }
  });
  // L, L1 and L5 are in control; L2 and L3 in short (scenario_experiment_test.cpp).
  std::size_t events = 0;
  for (const char* lead : {"L", "L1", "L2", "L3", "L5"})
    simulation.handle(event_of({"03-02 09:00", lead, "lead.created"}, events++));
  simulation.handle(event_of({"03-03 09:00", "L3", "lead.converted"}, events++));
  simulation.run_until(rules::Instant::never());
  const auto report = engine::report_experiments({*engine::plan_of(*rulebook.current().front(), true)}, facts, {});
  REQUIRE(report);
  REQUIRE(report->experiments.size() == 1);
  const ExperimentResult& result = report->experiments.front();
  CHECK(result.arms[0].assigned == 3);
  CHECK(result.arms[1].assigned == 2);
  CHECK(result.arms[0].touches == 3);
  CHECK(result.verdict == Verdict::too_few);  // five leads are too few to check the ratio
  CHECK(says(result.message, "too few leads to check the sample ratio"));
}

TEST_CASE("no cell of a spreadsheet is a formula") {
  CHECK(engine::csv_text("=HYPERLINK(1)") == "'=HYPERLINK(1)");
  CHECK(engine::csv_text("+1") == "'+1");
  CHECK(engine::csv_text("-1") == "'-1");
  CHECK(engine::csv_text("@x") == "'@x");
  CHECK(engine::csv_text("\tx") == "'\tx");
  CHECK(engine::csv_text("a,\"b\"\n") == "\"a,\"\"b\"\"\n\"");
  CHECK(engine::csv_text("=\"a\",b") == "\"'=\"\"a\"\",b\"");
  CHECK(engine::csv_text("plain") == "plain");
  CHECK(engine::csv_row({"a", "", "1"}) == "a,,1\r\n");
}

TEST_CASE("a page holds nothing from outside and no script, whatever a ledger names") {
  Ledger ledger;
  ledger.assign("a", "<script>", 1, "", "<img>");
  ledger.assign("b", "=1+1", 1, "", "=cmd");
  const ExperimentReport report = report_of(ledger.lines());
  const std::string page = engine::experiments_html(report);
  for (const char* foreign : {"<script", "<img", "http://", "https://", "url(", "@import", "<link", " onload"}) {
    CAPTURE(foreign);
    CHECK_FALSE(says(page, foreign));
  }
  CHECK(says(page, "&lt;script&gt;"));
  CHECK(says(engine::experiments_csv(report), "'=1+1"));
  CHECK(says(engine::experiments_csv(report), "'=cmd"));
}

}  // namespace
}  // namespace relance::tests
