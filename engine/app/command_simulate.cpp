// relance simulate: playbooks and events in, ledger records, a timeline per lead, or a page with drawings out.

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>

#include "engine/app/commands.h"
#include "engine/app/failure.h"
#include "engine/intake/event_reader.h"
#include "engine/intake/jsonl_reader.h"
#include "engine/ledger/ledger_line.h"
#include "engine/simulate/html_report.h"
#include "engine/simulate/simulation.h"
#include "rules/loader.h"

namespace relance::app {

namespace {

using engine::LedgerContext;
using rules::Instant;
using rules::Record;

struct SimulateArguments {
  std::string folder;
  std::string events;
  std::string until;
  std::string outcomes;
  std::string format = "jsonl";
  std::size_t leads = 200;  // drawn in a page
  std::vector<std::string> policies;
};

/// Ledger records as JSON Lines, written in large pieces.
class JsonLines {
 public:
  ~JsonLines() { flush(); }
  void write(std::uint64_t seq, const LedgerContext& context, const std::vector<Record>& records) {
    engine::LineContext line;
    line.subject = context.lead ? std::string_view(context.lead->subject.value) : std::string_view();
    line.lead = context.lead ? std::string_view(context.lead->id.value) : std::string_view();
    if (context.lead && context.lead->account) line.account = context.lead->account->value;
    line.cause = context.cause;
    for (const Record& record : records) {
      line.seq = seq++;
      engine::append_ledger_line(buffer_, record, line);
      buffer_.push_back('\n');
    }
    if (buffer_.size() > kPiece) flush();
  }
  void flush() {
    std::fwrite(buffer_.data(), 1, buffer_.size(), stdout);
    std::fflush(stdout);
    buffer_.clear();
  }

 private:
  static constexpr std::size_t kPiece = 1 << 20;
  std::string buffer_;
};

/// A readable timeline, grouped by lead in order of their ids.
class Timeline {
 public:
  void write(const LedgerContext& context, const std::vector<Record>& records) {
    auto& lines = leads_[std::string(context.lead ? context.lead->id.value.view() : std::string_view())];
    for (const Record& record : records) {
      std::string line = "  " + rules::to_string(record.at) + "  ";
      std::string type(rules::to_string(record.type));
      type.resize(std::max<std::size_t>(type.size(), 20), ' ');
      lines.push_back(line + type + "  " + rules::sentence(record));
    }
  }
  void print() const {
    for (const auto& [lead, lines] : leads_) {
      std::cout << lead << "\n";
      for (const std::string& line : lines) std::cout << line << "\n";
    }
  }

 private:
  std::map<std::string, std::vector<std::string>> leads_;
};

/// Feeds the file; a line that is no event is one line on stderr, and the run goes on: how many there were. The error
/// says why it cannot read.
tl::expected<std::size_t, std::string> feed(engine::Simulation& simulation, const std::string& path,
                                            std::optional<Instant> until) {
  engine::EventReader reader;
  std::size_t dead_letters = 0;
  const auto read = engine::for_each_line(path, 0, [&](const engine::JsonlLine& line) {
    if (line.too_long) {
      ++dead_letters;
      std::cerr << path << ":" << line.number << ": dead letter: too_large: the line is over 256 KiB\n";
      return true;
    }
    const auto event = reader.read(line.text, std::nullopt);
    if (!event) {
      ++dead_letters;
      std::cerr << path << ":" << line.number << ": dead letter: " << engine::reason_of(event.error()) << "\n";
    } else if (!until || event->time <= *until) {
      simulation.handle(*event);
    }
    return true;
  });
  if (!read) return tl::unexpected<std::string>(read.error().message);
  return dead_letters;
}

int simulate(const SimulateArguments& arguments) {
  const auto rulebook = load_or_print_findings(arguments.folder, arguments.policies);
  if (!rulebook) return 1;
  std::optional<Instant> until;
  if (!arguments.until.empty()) {
    until = rules::parse_rfc3339(arguments.until);
    if (!until) return fail("simulate", "--until is no RFC 3339 instant, such as 2026-03-02T08:00:00Z");
  }
  engine::Outcomes outcomes;
  if (!arguments.outcomes.empty()) {
    auto read = engine::read_outcomes(arguments.outcomes);
    if (!read) return fail("simulate", read.error());
    outcomes = std::move(*read);
  }

  JsonLines lines;
  Timeline timeline;
  engine::HtmlReport report(*rulebook, arguments.leads);
  const bool text = arguments.format == "text";
  const bool page = arguments.format == "html";
  engine::Simulation simulation(
      *rulebook,
      [&](std::uint64_t seq, const LedgerContext& context, const std::vector<Record>& records) {
        if (text) {
          timeline.write(context, records);
        } else if (page) {
          report.add(context, records);
        } else {
          lines.write(seq, context, records);
        }
      },
      std::move(outcomes));
  const auto read = feed(simulation, arguments.events, until);
  if (!read) return fail("simulate", read.error());
  if (until) {
    simulation.run_until(*until);
  } else if (const Instant end = simulation.clock(); simulation.finish(end)) {
    std::cerr << "relance simulate: occurrences of schedules after the last event (" << rules::to_string(end)
              << ") are left out; --until says how far to go\n";
  }
  if (text) timeline.print();
  if (page) {
    const std::string name = std::filesystem::path(arguments.events).filename().string();
    std::cout << report.page("Simulation of " + name, *read);
  }
  return 0;
}

}  // namespace

void add_simulate(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<SimulateArguments>();
  auto* command = app.add_subcommand("simulate", "What the playbooks do to a file of events, on a virtual clock");
  command->add_option("folder", arguments->folder, "Folder of playbooks")->required();
  command->add_option("--events", arguments->events, "CloudEvents, one JSON object a line")->required();
  command->add_option(
      "--until", arguments->until,
      "Stop after this instant (RFC 3339); default: when nothing is due, schedules left out after the last event");
  command->add_option("--outcomes", arguments->outcomes,
                      "What touches come to: JSON Lines of lead, step, after, event");
  command
      ->add_option("--format", arguments->format,
                   "jsonl (ledger records), text (a timeline per lead) or html (a page with a drawing per lead)")
      ->check(CLI::IsMember({"jsonl", "text", "html"}));
  command->add_option("--leads", arguments->leads, "html: how many leads are drawn, default 200; all are counted")
      ->check(CLI::Range(1, 5000));
  add_policies(*command, arguments->policies);
  command->callback([arguments, &exit_code] { exit_code = simulate(*arguments); });
}

}  // namespace relance::app
