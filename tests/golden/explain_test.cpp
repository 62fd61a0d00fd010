// What support and legal read about a lead, to the letter: tests/golden/explain/*.txt and *.json, from the playbooks
// and the events beside them.
//
// RELANCE_GOLDEN=update writes the kept texts; read the difference before you commit it.

#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/explain/lead_explanation.h"
#include "engine/intake/event_reader.h"
#include "engine/intake/jsonl_reader.h"
#include "engine/ledger/ledger_line.h"
#include "engine/simulate/simulation.h"
#include "tests/golden/kept_files.h"

namespace relance::engine {
namespace {

namespace fs = std::filesystem;
using tests::check_kept;

const fs::path kExplanations = fs::path(RELANCE_SOURCE_DIR) / "tests" / "golden" / "explain";

/// The events up to an instant, and the ledger of each lead as a store keeps it.
class Played {
 public:
  explicit Played(std::string_view until) : now_(*rules::parse_rfc3339(until)) {
    auto loaded = rules::load_folder(kExplanations / "playbooks");
    REQUIRE(loaded.has_value());
    rulebook_ = std::make_shared<const rules::Rulebook>(std::move(*loaded));
    simulation_ = std::make_unique<Simulation>(
        *rulebook_, [this](std::uint64_t seq, const LedgerContext& context, const std::vector<rules::Record>& records) {
          keep(seq, context, records);
        });
    EventReader reader;
    const auto done = for_each_line((kExplanations / "events.jsonl").string(), 0, [&](const JsonlLine& line) {
      const auto event = reader.read(line.text, std::nullopt);
      REQUIRE(event.has_value());
      if (event->time <= now_) simulation_->handle(*event);
      return true;
    });
    REQUIRE(done.has_value());
    simulation_->run_until(now_);
  }

  std::string why(const std::string& lead) {
    PlaybookPlaces places(kExplanations / "playbooks");
    const rules::LeadState* state = simulation_->store().find_lead(rules::LeadId(lead));
    REQUIRE(state != nullptr);
    return why_json(explain_lead(*state, timelines_[lead], rulebook_, simulation_->store(), now_), &places);
  }

 private:
  void keep(std::uint64_t seq, const LedgerContext& context, const std::vector<rules::Record>& records) {
    LineContext line;
    line.subject = context.lead->subject.value;
    line.cause = context.cause;
    for (const rules::Record& record : records) {
      line.seq = seq++;
      append_ledger_line(timelines_[std::string(context.lead->id.value)].emplace_back(), record, line);
    }
  }

  const rules::Instant now_;
  std::shared_ptr<const rules::Rulebook> rulebook_;
  std::unique_ptr<Simulation> simulation_;
  std::map<std::string, std::vector<std::string>> timelines_;
};

TEST_CASE("explanations read as they are kept") {
  struct Asked {
    std::string name, lead, at;
  };
  for (const Asked& asked : std::vector<Asked>{
           {"deferred", "L-busy", "2026-03-03T12:00:00Z"},
           {"weekend", "L-busy", "2026-03-08T12:00:00Z"},
           {"opted-out", "L-gone", "2026-03-04T12:00:00Z"},
           {"held", "L-vip", "2026-03-04T12:00:00Z"},
           {"not-enrolled", "L-other", "2026-03-04T12:00:00Z"},
           {"variant", "L-hot", "2026-03-02T12:00:00Z"},
           {"time-box", "L-closing", "2026-03-05T12:00:00Z"},
           {"disqualified-by-time", "L-closing", "2026-03-12T12:00:00Z"},
           {"released", "L-closing-late", "2026-03-19T12:00:00Z"},
           {"disqualified", "L-poor", "2026-03-05T12:00:00Z"},
       }) {
    CAPTURE(asked.name);
    Played played(asked.at);
    const std::string json = played.why(asked.lead);
    check_kept(kExplanations / (asked.name + ".txt"), why_text(json));
    if (asked.name == "deferred") check_kept(kExplanations / (asked.name + ".json"), json + "\n");
  }
}

TEST_CASE("what is explained names no contact point") {
  for (const std::string at : {"2026-03-03T12:00:00Z", "2026-03-08T12:00:00Z"}) {
    Played played(at);
    for (const std::string lead : {"L-busy", "L-gone", "L-vip", "L-other", "L-hot"}) {
      const std::string json = played.why(lead);
      CHECK(json.find("example.org") == std::string::npos);
      CHECK(json.find("+33612345") == std::string::npos);
    }
  }
}

}  // namespace
}  // namespace relance::engine
