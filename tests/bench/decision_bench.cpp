// Events per second and core for what happens in memory: reading, deciding, simulating; beside simdjson alone.

#include <benchmark/benchmark.h>
#include <simdjson.h>

#include "engine/backtest/backtest.h"
#include "engine/intake/event_reader.h"
#include "engine/intake/jsonl_reader.h"
#include "engine/ledger/ledger_line.h"
#include "engine/simulate/simulation.h"
#include "workload.h"

namespace relance::bench {

namespace {

using rules::Event;

constexpr std::size_t kSlice = 200'000;  // events of the benchmarks that keep them in memory

const std::vector<std::string>& lines() {
  static const auto kept = Workload::shared().first_lines(kSlice);
  return kept;
}

void count_events(benchmark::State& state, std::size_t events) {
  state.SetItemsProcessed(static_cast<std::int64_t>(events) * static_cast<std::int64_t>(state.iterations()));
}

/// The limit of reading: the document checked and indexed, nothing looked at.
void limit_simdjson(benchmark::State& state) {
  std::vector<simdjson::padded_string> padded;
  for (const std::string& line : lines()) padded.emplace_back(line);
  simdjson::dom::parser parser;
  for (auto _ : state) {
    for (const auto& line : padded) {
      auto parsed = parser.parse(line);
      if (parsed.error()) give_up("simdjson cannot parse an event");
      benchmark::DoNotOptimize(parsed);
    }
  }
  count_events(state, padded.size());
}

void parse(benchmark::State& state) {
  engine::EventReader reader;
  for (auto _ : state) {
    for (const std::string& line : lines()) {
      auto event = reader.read(line, std::nullopt);
      if (!event) give_up("an event is unusable: " + engine::reason_of(event.error()));
      benchmark::DoNotOptimize(event);
    }
  }
  count_events(state, lines().size());
}

/// rules::decide alone: no store, no ledger, no due work.
void decide(benchmark::State& state) {
  std::vector<Event> events;
  engine::EventReader reader;
  for (const std::string& line : lines()) events.push_back(reader.read(line, std::nullopt).value());
  std::unordered_map<rules::LeadId, std::size_t> places;
  std::vector<std::size_t> place_of;
  for (const Event& event : events) place_of.push_back(places.emplace(event.lead, places.size()).first->second);
  for (auto _ : state) {
    state.PauseTiming();
    engine::MemoryStore neighbourhood(nullptr);
    std::vector<rules::LeadState> leads(places.size());
    for (const auto& [id, place] : places) {
      leads[place].id = id;
      leads[place].subject = rules::SubjectId("00112233445566778899aabbccddeeff");
    }
    rules::Decision decision;
    state.ResumeTiming();
    for (std::size_t i = 0; i < events.size(); ++i) {
      decision.clear();
      rules::decide(leads[place_of[i]], events[i], {shipped_playbooks(), neighbourhood, events[i].time}, decision);
      benchmark::DoNotOptimize(decision);
    }
    state.PauseTiming();
    leads.clear();
    state.ResumeTiming();
  }
  count_events(state, events.size());
}

/// What `relance simulate` does to the file but for writing to stdout: reads, decides, does all due work.
void simulate(benchmark::State& state, bool with_lines) {
  const Workload& workload = Workload::shared();
  std::uint64_t records = 0;
  std::string buffer;
  const auto sink = [&](std::uint64_t seq, const engine::LedgerContext& context,
                        const std::vector<rules::Record>& appended) {
    records += appended.size();
    if (!with_lines) return;
    engine::LineContext line;
    line.subject = context.lead->subject.value;
    line.lead = context.lead->id.value;
    if (context.lead->account) line.account = context.lead->account->value;
    line.cause = context.cause;
    for (const rules::Record& record : appended) {
      line.seq = seq++;
      engine::append_ledger_line(buffer, record, line);
      buffer.push_back('\n');
    }
    if (buffer.size() > 1U << 20U) buffer.clear();
  };
  for (auto _ : state) {
    auto simulation = std::make_unique<engine::Simulation>(shipped_playbooks(), sink);
    engine::EventReader reader;
    const auto read = engine::for_each_line(workload.file(), 0, [&](const engine::JsonlLine& line) {
      simulation->handle(reader.read(line.text, std::nullopt).value());
      return true;
    });
    if (!read) give_up(read.error().message);
    simulation->run_until(rules::Instant::never());
    state.PauseTiming();
    simulation.reset();
    state.ResumeTiming();
  }
  count_events(state, workload.events());
  state.counters["records"] = benchmark::Counter(static_cast<double>(records) / static_cast<double>(workload.events()),
                                                 benchmark::Counter::kAvgIterations);  // per event
}

/// What `relance backtest` does, the shipped playbooks against themselves. Both sets are counted, and the time of every
/// core.
void backtest(benchmark::State& state) {
  const Workload& workload = Workload::shared();
  for (auto _ : state) {
    const auto result = engine::backtest(shipped_playbooks(), shipped_playbooks(), workload.file().string(), {});
    if (!result) give_up(result.error());
    if (result->leads_that_differ != 0) give_up("a set differs from itself");
  }
  count_events(state, 2 * workload.events());
}

BENCHMARK(limit_simdjson)->Unit(benchmark::kMillisecond);
BENCHMARK(parse)->Unit(benchmark::kMillisecond);
BENCHMARK(decide)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(simulate, decisions, false)->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK_CAPTURE(simulate, ledger_lines, true)->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK(backtest)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->Iterations(1);

}  // namespace

}  // namespace relance::bench
