#include "engine/app/inputs.h"

#include <map>

#include <spdlog/spdlog.h>

#include "engine/intake/event_reader.h"
#include "engine/intake/jsonl_reader.h"
#include "engine/ledger/ledger_line.h"

namespace relance::app {

using engine::ArrivalGroup;

namespace {
constexpr std::size_t kFileGroup = 500;          // lines that are committed together
constexpr std::size_t kCopyLines = 2000;         // ledger lines of one piece
constexpr std::chrono::milliseconds kIdle{200};  // how often an idle copier looks
constexpr std::chrono::seconds kPublishLimit{30};
constexpr const char* kLedgerCursor = "kafka:ledger";
constexpr const char* kDeadLetterCursor = "kafka:dead-letters";
}  // namespace

// --- Files --------------------------------------------------------------------------------------------------------

FileInput::FileInput(engine::Engine& engine, std::vector<std::filesystem::path> files,
                     std::function<void(const std::string&)> on_fatal)
    : engine_(engine), files_(std::move(files)), on_fatal_(std::move(on_fatal)), thread_([this] { read_all(); }) {}

FileInput::~FileInput() {
  stopping_ = true;
  thread_.join();
}

void FileInput::read_all() {
  for (const auto& file : files_) {
    if (stopping_ || !read(file)) return;
  }
  done_ = true;
}

bool FileInput::read(const std::filesystem::path& file) {
  const std::string input = "file:" + file.string();
  const std::int64_t from = engine_.position(input).value_or(0);
  engine::EventReader reader;
  ArrivalGroup group;
  std::int64_t lines = 0;
  bool open = true;
  const auto push = [&] {
    if (!group.arrivals.empty()) open = engine_.arrivals().push_waiting(group);
    group = {};
    return open && !stopping_;
  };
  const auto read = engine::for_each_line(file, from, [&](const engine::JsonlLine& line) {
    ++lines;
    const auto event =
        line.too_long
            ? tl::expected<rules::Event, engine::Unusable>(engine::unusable("too_large", "the line is over 256 KiB"))
            : reader.read(line.text, engine_.arrival_clock());
    if (event) {
      group.arrivals.emplace_back(*event);
    } else {
      group.arrivals.emplace_back(engine::DeadLetter{engine::reason_of(event.error()),
                                                     input + ":" + std::to_string(line.number), std::string(line.text),
                                                     engine_.now()});
    }
    group.positions.push_back({input, line.next});
    return group.arrivals.size() < kFileGroup || push();
  });
  if (!read) {
    on_fatal_("the input " + file.string() + " cannot be read: " + read.error().message +
              "; mend it, or take it out of `inputs`");
    return false;
  }
  if (open && !stopping_ && !push()) return false;
  spdlog::info("event=input_read input=\"{}\" lines={}", input, lines);
  return open;
}

// --- Kafka in -----------------------------------------------------------------------------------------------------

tl::expected<void, std::string> KafkaFeed::open(const connectors::KafkaSettings& settings) {
  connectors::KafkaInputPorts ports;
  ports.sink = this;
  ports.position = [this](const std::string& topic, int partition) {
    return engine_.position(connectors::input_name(topic, partition));
  };
  ports.clock = [this] { return engine_.arrival_clock(); };
  ports.on_fatal = on_fatal_;
  const std::lock_guard lock(opening_);
  auto input = connectors::KafkaInput::open(settings, std::move(ports));
  if (!input) return tl::unexpected<std::string>(input.error());
  input_ = std::move(*input);
  return {};
}

bool KafkaFeed::caught_up() {
  constexpr std::chrono::seconds kLagIsKnown{3};  // it is counted once a second
  const auto counters = input_->counters();
  const auto now = std::chrono::steady_clock::now();
  if (counters.assignments == 0) return false;
  if (!assigned_) assigned_ = now;
  return counters.lag == 0 && now - *assigned_ >= kLagIsKnown;
}

void KafkaFeed::close() {
  if (input_) input_->close();
}

bool KafkaFeed::offer(std::vector<connectors::KafkaMessage>&& batch) {
  { const std::lock_guard lock(opening_); }
  ArrivalGroup group;
  std::map<std::string, std::int64_t> last;
  group.arrivals.reserve(batch.size());
  group.positions.reserve(batch.size());
  for (const auto& message : batch) {
    group.arrivals.push_back(message.arrival);
    group.positions.push_back(message.position);
    last[message.position.input] = message.position.next;
  }
  group.done = [this, last](bool durable) {
    if (!durable) return;
    for (const auto& [input, next] : last) input_->mark_durable({input, next});
  };
  return engine_.arrivals().push(group) == engine::ArrivalQueue::Push::taken;
}

// --- Kafka out ----------------------------------------------------------------------------------------------------

KafkaCopier::KafkaCopier(engine::Engine& engine, engine::DurableStore& store, connectors::KafkaOutput& output,
                         const connectors::KafkaTopics& topics)
    : engine_(engine), store_(store), publisher_(output, topics), thread_([this] { work(); }) {}

KafkaCopier::~KafkaCopier() { finish(); }

void KafkaCopier::finish() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void KafkaCopier::work() {
  while (true) {
    const bool lines = copy_ledger();
    const bool letters = copy_dead_letters();
    const bool copied = lines || letters;
    std::unique_lock lock(mutex_);
    if (!copied && stopping_) return;
    if (!copied) wake_.wait_for(lock, kIdle, [this] { return stopping_; });
  }
}

bool KafkaCopier::copy_ledger() {
  std::vector<connectors::LedgerLine> lines;
  const bool asked = engine_.call([&] {
    const std::int64_t from = store_.position(kLedgerCursor).value_or(0);
    for (auto& [seq, line] : store_.ledger_lines(static_cast<std::uint64_t>(from), kCopyLines)) {
      std::string key(engine::subject_of(line));
      lines.push_back({seq, std::move(key), std::move(line)});
    }
  });
  if (!asked || lines.empty()) return false;
  const auto published = publisher_.publish_lines(lines, std::chrono::steady_clock::now() + kPublishLimit);
  if (!published.problem.empty()) spdlog::warn("event=ledger_not_published reason=\"{}\"", published.problem);
  if (!published.seq) return false;
  engine_.call([&] { store_.set_position({kLedgerCursor, static_cast<std::int64_t>(*published.seq) + 1}); });
  return true;
}

bool KafkaCopier::copy_dead_letters() {
  std::vector<engine::DeadLetter> letters;
  std::uint64_t last = 0;
  const bool asked = engine_.call([&] {
    const std::int64_t from = store_.position(kDeadLetterCursor).value_or(0);
    for (auto& [number, letter] : store_.dead_letters(static_cast<std::uint64_t>(from), kCopyLines)) {
      letters.push_back(std::move(letter));
      last = number;
    }
  });
  if (!asked || letters.empty()) return false;
  const auto published = publisher_.publish_dead_letters(letters, std::chrono::steady_clock::now() + kPublishLimit);
  if (!published.problem.empty()) spdlog::warn("event=dead_letters_not_published reason=\"{}\"", published.problem);
  if (published.count == 0) return false;
  const auto next = static_cast<std::int64_t>(last + 1 - (letters.size() - published.count));
  engine_.call([&] { store_.set_position({kDeadLetterCursor, next}); });
  return true;
}

}  // namespace relance::app
