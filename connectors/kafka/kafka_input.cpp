#include "connectors/kafka/kafka_input.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

#include <spdlog/spdlog.h>

#include "connectors/kafka/kafka_client.h"

namespace relance::connectors {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPoll{100};  // how soon an idle input sees close()
constexpr milliseconds kRetry{20};  // how soon a full sink is asked again when nothing says that it has room
constexpr std::int64_t kNone = -1;  // no offset known

// A static member (KIP-345) can fence itself: the coordinator dies after it took a JoinGroup and before it answered;
// librdkafka joins again, which gives the instance a new member id, and a request with the former one that was still
// under way, an OffsetCommit say, is then answered FENCED_INSTANCE_ID. Positions are in the store, so a new member in
// its place loses nothing. Two processes with one instance id fence each other without a disturbance, and one must end.
constexpr milliseconds kShadow{60'000};  // how long after a disturbance a fence is taken for one's own
constexpr int kRejoins = 3;              // without a calm; then it is another process after all
constexpr milliseconds kCalm{600'000};

/// The record in terms of the mapping. The views live as long as the message.
KafkaRecord record_of(const rd_kafka_message_t& message) {
  KafkaRecord record;
  record.topic = rd_kafka_topic_name(message.rkt);
  record.partition = message.partition;
  record.offset = message.offset;
  if (message.payload != nullptr) record.value.emplace(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t index = 0;
       rd_kafka_header_get_all(headers, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++index) {
    record.headers.emplace_back(
        name, value == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(value), size));
  }
  return record;
}

/// How far one partition is. Offsets are always the next record's.
struct Progress {
  std::string topic;
  int partition = 0;
  std::int64_t expected = kNone;   // the next record that librdkafka should give
  std::int64_t handed = kNone;     // after what the sink took
  std::int64_t durable = kNone;    // after what the processor reported
  std::int64_t committed = kNone;  // after what was last sent to the group
  bool assigned = false;

  bool outstanding() const { return handed != durable; }
};

}  // namespace

class KafkaInput::Loop final : public ClientWatch {
 public:
  Loop(KafkaInputPorts ports, KafkaInputLimits limits)
      : ClientWatch("kafka-input", ports.on_fatal), ports_(std::move(ports)), limits_(limits) {}
  ~Loop() { close(); }

  tl::expected<void, std::string> start(const KafkaSettings& settings);
  void mark_durable(const engine::InputPosition& position);
  void close();
  KafkaInputCounters counters() const;

 private:
  tl::expected<void, std::string> subscribe();
  bool replaces_client(rd_kafka_resp_err_t error) override;
  void on_disconnect() override { disturbed_ = Clock::now(); }
  void rejoin();
  void run();
  void collect();
  void poll(milliseconds timeout);
  void accept(const rd_kafka_message_t& message);
  void check_continuity(Progress& progress, std::int64_t offset);
  void hand_over();
  void record_handed(std::size_t count, const std::vector<engine::InputPosition>& positions);
  void forget_pending();
  void pause();
  void resume();
  static void on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* partitions, void*);
  void assign(rd_kafka_topic_partition_list_t* partitions);
  void choose_start(rd_kafka_topic_partition_t& partition, std::string& summary);
  void revoke();
  static void on_commit(rd_kafka_t*, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* offsets, void* opaque);
  bool wait_until_durable(Clock::time_point deadline);
  void commit_durable();
  void leave();
  rd_kafka_t* client() const { return client_.get(); }

  const KafkaInputPorts ports_;
  const KafkaInputLimits limits_;
  KafkaSettings settings_;
  HandlePtr client_;  // the thread's own once it runs
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::once_flag closed_;

  // The input's thread only.
  engine::EventReader reader_;
  std::vector<KafkaMessage> pending_;  // read, not taken by the sink yet
  std::size_t pending_bytes_ = 0;
  std::uint64_t pending_letters_ = 0;
  bool paused_ = false;
  std::optional<Clock::time_point> full_since_;
  std::optional<Clock::time_point> last_wait_;  // while closing: until when a revocation may wait
  Clock::time_point next_commit_{};
  bool fenced_ = false;  // the client can do nothing any more, a new one takes its place
  int rejoins_ = 0;      // since the last calm
  Clock::time_point rejoined_{};
  std::optional<Clock::time_point> disturbed_;

  mutable std::mutex mutex_;
  std::condition_variable progressed_;
  std::unordered_map<std::string, Progress> progress_;  // by the input's name
  std::uint64_t generation_ = 0;                        // of calls to mark_durable
  KafkaInputCounters counters_;
};

tl::expected<void, std::string> KafkaInput::Loop::start(const KafkaSettings& settings) {
  settings_ = settings;
  if (auto subscribed = subscribe(); !subscribed) return subscribed;
  thread_ = std::thread([this] { run(); });
  return {};
}

tl::expected<void, std::string> KafkaInput::Loop::subscribe() {
  auto configuration = common_configuration(settings_, *this);
  if (!configuration) return tl::unexpected(configuration.error());
  rd_kafka_conf_t* raw = configuration->get();
  auto done = set_properties(raw, {{"group.id", settings_.group.c_str()},
                                   {"enable.auto.commit", "false"},
                                   {"enable.auto.offset.store", "false"},
                                   {"auto.offset.reset", "earliest"},
                                   {"isolation.level", "read_committed"},
                                   // cooperative assignment has open faults in librdkafka 2.0
                                   {"partition.assignment.strategy", "range"},
                                   {"check.crcs", "true"}});
  if (done && !settings_.instance_id.empty()) {
    done = set_properties(raw, {{"group.instance.id", settings_.instance_id.c_str()}});
  }
  const auto unless_chosen = [&](const char* name, const char* value) {
    if (done && !settings_.properties.contains(name)) done = set_properties(raw, {{name, value}});
  };
  unless_chosen("queued.max.messages.kbytes", "16384");
  unless_chosen("fetch.max.bytes", "8388608");
  if (!done) return tl::unexpected(done.error());
  rd_kafka_conf_set_rebalance_cb(raw, &Loop::on_rebalance);
  rd_kafka_conf_set_offset_commit_cb(raw, &Loop::on_commit);

  auto client = make_client(RD_KAFKA_CONSUMER, *std::move(configuration));
  if (!client) return tl::unexpected(client.error());
  client_ = *std::move(client);
  rd_kafka_poll_set_consumer(this->client());
  const PartitionListPtr topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), settings_.topics.events.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto error = rd_kafka_subscribe(this->client(), topics.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return tl::unexpected("kafka: cannot subscribe to " + settings_.topics.events + ": " + rd_kafka_err2str(error));
  }
  return {};
}

bool KafkaInput::Loop::replaces_client(rd_kafka_resp_err_t error) {
  if (fenced_) return true;  // reported already
  const auto now = Clock::now();
  const bool disturbed = disturbed_ && now - *disturbed_ < kShadow;
  if (now - rejoined_ > kCalm) rejoins_ = 0;
  if (error != RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID || !disturbed || rejoins_ >= kRejoins) return false;
  fenced_ = true;
  return true;
}

/// A new client in place of the one that was fenced. What the sink took and has not made durable yet stays known, so
/// that it is not read again.
void KafkaInput::Loop::rejoin() {
  ++rejoins_;
  rejoined_ = Clock::now();
  fenced_ = false;
  paused_ = false;
  forget_pending();
  client_.reset();
  {
    const std::lock_guard lock(mutex_);
    for (auto& [input, progress] : progress_) progress.assigned = false;
    ++counters_.rejoins;
  }
  spdlog::warn("event=kafka_rejoin client={} attempt={} reason=\"fenced after a broker was away\"", name(), rejoins_);
  if (const auto subscribed = subscribe(); !subscribed) fail(subscribed.error());
}

void KafkaInput::Loop::run() {
  while (!stop_ && !failed()) {
    if (fenced_) rejoin();
    if (failed()) break;
    if (pending_.empty()) collect();
    if (!pending_.empty()) hand_over();
    // A commit that waits for its broker would be sent under a name that the group no longer knows.
    if (connected() && Clock::now() >= next_commit_) commit_durable();
  }
  leave();
}

/// Waits for a first message, then takes what is there without waiting.
void KafkaInput::Loop::collect() {
  poll(kPoll);
  while (!pending_.empty() && pending_.size() < limits_.batch_messages && pending_bytes_ < limits_.batch_bytes) {
    const std::size_t before = pending_.size();
    poll(milliseconds(0));
    if (pending_.size() == before) return;
  }
}

/// One message or event of librdkafka. Not the batch call: in librdkafka 2.0 it skips records around pause and resume.
void KafkaInput::Loop::poll(milliseconds timeout) {
  const MessagePtr message(rd_kafka_consumer_poll(client(), static_cast<int>(timeout.count())));
  if (message) accept(*message);
}

void KafkaInput::Loop::accept(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* reason = rd_kafka_message_errstr(&message);
    on_error(client(), message.err, reason == nullptr ? "" : reason);
    return;
  }
  on_contact();
  KafkaMessage read = read_message(reader_, record_of(message), ports_.clock());
  {
    const std::lock_guard lock(mutex_);
    const auto found = progress_.find(read.position.input);
    if (found == progress_.end() || !found->second.assigned) return;  // of an assignment that is over
    check_continuity(found->second, message.offset);
    counters_.bytes += message.len;
  }
  if (std::holds_alternative<engine::DeadLetter>(read.arrival)) ++pending_letters_;
  pending_bytes_ += message.len;
  pending_.push_back(std::move(read));
}

/// Gaps are normal (markers of transactions, compaction). What is not: records that were deleted before they were read,
/// and a topic that goes on below the position because it was made anew. Both are logged; reading goes on.
void KafkaInput::Loop::check_continuity(Progress& progress, std::int64_t offset) {
  if (progress.expected != kNone && offset < progress.expected) {
    ++counters_.rewinds;
    spdlog::error(
        "event=kafka_rewind topic={} partition={} expected={} got={} reason=\"the topic was truncated or made "
        "anew; reading from where it begins\"",
        progress.topic, progress.partition, progress.expected, offset);
    progress.durable = progress.handed = progress.committed = kNone;
  } else if (progress.expected != kNone && offset > progress.expected) {
    std::int64_t low = kNone;
    std::int64_t high = kNone;
    rd_kafka_get_watermark_offsets(client(), progress.topic.c_str(), progress.partition, &low, &high);
    if (low > progress.expected) {
      counters_.expired += static_cast<std::uint64_t>(offset - progress.expected);
      spdlog::error(
          "event=kafka_expired topic={} partition={} expected={} got={} reason=\"the broker deleted records "
          "before they were read; raise the topic's retention\"",
          progress.topic, progress.partition, progress.expected, offset);
    }
  }
  progress.expected = offset + 1;
}

void KafkaInput::Loop::hand_over() {
  std::vector<engine::InputPosition> last;  // of each partition in the batch
  for (auto message = pending_.rbegin(); message != pending_.rend(); ++message) {
    const auto same = [&](const engine::InputPosition& known) { return known.input == message->position.input; };
    if (std::none_of(last.begin(), last.end(), same)) last.push_back(message->position);
  }
  const std::size_t count = pending_.size();
  std::uint64_t seen = 0;
  {
    const std::lock_guard lock(mutex_);
    seen = generation_;
  }
  if (ports_.sink->offer(std::move(pending_))) {
    record_handed(count, last);
    forget_pending();
    if (paused_) resume();
    return;
  }

  const auto now = Clock::now();
  if (!full_since_) full_since_ = now;
  if (!paused_ && now - *full_since_ >= limits_.patience) pause();
  if (paused_) {
    // Keeps the membership alive and serves rebalances; paused partitions give no messages.
    poll(kRetry);
    const std::lock_guard lock(mutex_);
    ++counters_.refusals;
    return;
  }
  std::unique_lock lock(mutex_);
  ++counters_.refusals;
  progressed_.wait_for(lock, kRetry, [&] { return generation_ != seen || stop_; });
}

void KafkaInput::Loop::record_handed(std::size_t count, const std::vector<engine::InputPosition>& positions) {
  const std::lock_guard lock(mutex_);
  counters_.messages += count;
  counters_.dead_letters += pending_letters_;
  for (const engine::InputPosition& position : positions) progress_.at(position.input).handed = position.next;
}

void KafkaInput::Loop::forget_pending() {
  pending_.clear();
  pending_bytes_ = 0;
  pending_letters_ = 0;
  full_since_.reset();
}

void KafkaInput::Loop::pause() {
  rd_kafka_topic_partition_list_t* raw = nullptr;
  if (rd_kafka_assignment(client(), &raw) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const PartitionListPtr partitions(raw);
  rd_kafka_pause_partitions(client(), partitions.get());
  paused_ = true;
  spdlog::info("event=kafka_paused client={} reason=\"the engine takes no more for now\"", name());
  const std::lock_guard lock(mutex_);
  ++counters_.pauses;
}

void KafkaInput::Loop::resume() {
  paused_ = false;
  rd_kafka_topic_partition_list_t* raw = nullptr;
  if (rd_kafka_assignment(client(), &raw) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const PartitionListPtr partitions(raw);
  rd_kafka_resume_partitions(client(), partitions.get());
  spdlog::info("event=kafka_resumed client={}", name());
}

void KafkaInput::Loop::on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* partitions,
                                    void* opaque) {
  auto& loop = static_cast<Loop&>(*static_cast<ClientWatch*>(opaque));
  if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    loop.assign(partitions);
  } else {
    if (error != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) loop.on_error(loop.client(), error, rd_kafka_err2str(error));
    loop.revoke();
  }
}

void KafkaInput::Loop::assign(rd_kafka_topic_partition_list_t* partitions) {
  std::string summary;
  for (int index = 0; index < partitions->cnt; ++index) choose_start(partitions->elems[index], summary);
  if (const auto error = rd_kafka_assign(client(), partitions); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    on_error(client(), error, "the assignment was refused");
    return;
  }
  spdlog::info("event=kafka_assigned client={} partitions={} from=\"{}\"", name(), partitions->cnt, summary);
  if (partitions->cnt > 0) on_contact();  // the coordinator answered
  const std::lock_guard lock(mutex_);
  ++counters_.assignments;
}

void KafkaInput::Loop::choose_start(rd_kafka_topic_partition_t& partition, std::string& summary) {
  const std::string input = input_name(partition.topic, partition.partition);
  // What the sink took in an earlier assignment will become durable in this process: reading it again would handle it
  // twice. Only when the wait at the revocation timed out is something left here.
  std::int64_t in_hand = kNone;
  {
    const std::lock_guard lock(mutex_);
    const auto known = progress_.find(input);
    if (known != progress_.end() && known->second.outstanding()) in_hand = known->second.handed;
  }
  std::optional<std::int64_t> position = ports_.position(partition.topic, partition.partition);
  if (in_hand != kNone) position = std::max(position.value_or(in_hand), in_hand);
  const std::int64_t start = position.value_or(kNone);
  // Without a position of ours the committed offset counts, and without that the beginning (auto.offset.reset).
  partition.offset = position ? *position : RD_KAFKA_OFFSET_INVALID;
  summary += (summary.empty() ? "" : ",") + std::to_string(partition.partition) + "@" +
             (position ? std::to_string(start) : std::string("committed"));

  const std::lock_guard lock(mutex_);
  Progress& progress = progress_[input];
  progress.topic = partition.topic;
  progress.partition = partition.partition;
  progress.expected = start;
  progress.committed = kNone;
  progress.assigned = true;
  if (in_hand == kNone) progress.handed = progress.durable = start;
}

/// Eager assignment: all partitions go at once, and with them whatever the sink has not taken.
void KafkaInput::Loop::revoke() {
  const bool lost = rd_kafka_assignment_lost(client()) != 0;
  forget_pending();
  if (lost) {
    if (rd_kafka_fatal_error(client(), nullptr, 0) == RD_KAFKA_RESP_ERR_NO_ERROR) disturbed_ = Clock::now();
    // Others may be reading these partitions already: no commit of ours may move their offsets.
    spdlog::warn("event=kafka_assignment_lost client={}", name());
  } else if (!failed()) {
    const auto deadline = std::min(Clock::now() + limits_.revoke, last_wait_.value_or(Clock::time_point::max()));
    if (!wait_until_durable(deadline)) {
      spdlog::warn(
          "event=kafka_revoke_timeout client={} reason=\"handed over but not durable yet; the next owner of "
          "the partition may read it again\"",
          name());
    }
    commit_durable();
  }
  // librdkafka keeps the flag of a paused partition for its next assignment, so it is lifted while it is still ours.
  if (paused_) resume();
  rd_kafka_assign(client(), nullptr);
  const std::lock_guard lock(mutex_);
  for (auto& [input, progress] : progress_) progress.assigned = false;
}

bool KafkaInput::Loop::wait_until_durable(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return progressed_.wait_until(lock, deadline, [&] {
    return std::none_of(progress_.begin(), progress_.end(),
                        [](const auto& entry) { return entry.second.assigned && entry.second.outstanding(); });
  });
}

void KafkaInput::Loop::commit_durable() {
  next_commit_ = Clock::now() + limits_.commit_interval;
  const PartitionListPtr offsets(rd_kafka_topic_partition_list_new(8));
  {
    const std::lock_guard lock(mutex_);
    for (auto& [input, progress] : progress_) {
      if (!progress.assigned || progress.durable == kNone || progress.durable == progress.committed) continue;
      rd_kafka_topic_partition_list_add(offsets.get(), progress.topic.c_str(), progress.partition)->offset =
          progress.durable;
      progress.committed = progress.durable;
    }
  }
  if (offsets->cnt > 0) rd_kafka_commit(client(), offsets.get(), /*async=*/1);
}

void KafkaInput::Loop::on_commit(rd_kafka_t*, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* offsets,
                                 void* opaque) {
  auto& loop = static_cast<Loop&>(*static_cast<ClientWatch*>(opaque));
  if (error == RD_KAFKA_RESP_ERR__NO_OFFSET || offsets == nullptr) return;
  const std::lock_guard lock(loop.mutex_);
  ++(error == RD_KAFKA_RESP_ERR_NO_ERROR ? loop.counters_.commits : loop.counters_.failed_commits);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  spdlog::debug("event=kafka_commit_failed client={} reason=\"{}\"", loop.name(), rd_kafka_err2str(error));
  for (int index = 0; index < offsets->cnt; ++index) {
    const auto& offset = offsets->elems[index];
    const auto found = loop.progress_.find(input_name(offset.topic, offset.partition));
    if (found != loop.progress_.end()) found->second.committed = kNone;  // again at the next interval
  }
}

/// The end of the thread. The close of librdkafka runs in the background, because it may wait for a broker that is
/// away; it calls the rebalance callback through the queue that is served here.
void KafkaInput::Loop::leave() {
  const auto begin = Clock::now();
  const auto deadline = begin + limits_.close;
  last_wait_ = begin + limits_.close * 3 / 4;  // the rest is for the group
  const QueuePtr queue(rd_kafka_queue_new(client()));
  const ErrorPtr refused(rd_kafka_consumer_close_queue(client(), queue.get()));
  if (refused) {
    spdlog::debug("event=kafka_close client={} reason=\"{}\"", name(), rd_kafka_error_string(refused.get()));
    return;
  }
  while (rd_kafka_consumer_closed(client()) == 0) {
    if (Clock::now() >= deadline) {
      spdlog::warn("event=kafka_close_timeout client={} reason=\"the group will notice by its session time-out\"",
                   name());
      return;
    }
    // Serves the callbacks; a record that was still under way comes out and is dropped.
    const MessagePtr dropped(rd_kafka_consume_queue(queue.get(), static_cast<int>(kPoll.count())));
  }
}

void KafkaInput::Loop::mark_durable(const engine::InputPosition& position) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = progress_.find(position.input);
    if (found == progress_.end()) return;
    found->second.durable = position.next;
    ++generation_;
  }
  progressed_.notify_all();
}

void KafkaInput::Loop::close() {
  std::call_once(closed_, [this] {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    progressed_.notify_all();
    if (thread_.joinable()) thread_.join();
  });
}

KafkaInputCounters KafkaInput::Loop::counters() const {
  const std::lock_guard lock(mutex_);
  KafkaInputCounters out = counters_;
  out.lag = lag();
  return out;
}

KafkaInput::KafkaInput(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
KafkaInput::~KafkaInput() = default;

tl::expected<std::unique_ptr<KafkaInput>, std::string> KafkaInput::open(const KafkaSettings& settings,
                                                                        KafkaInputPorts ports,
                                                                        KafkaInputLimits limits) {
  auto loop = std::make_unique<Loop>(std::move(ports), limits);
  if (auto started = loop->start(settings); !started) return tl::unexpected(started.error());
  return std::unique_ptr<KafkaInput>(new KafkaInput(std::move(loop)));
}

void KafkaInput::mark_durable(const engine::InputPosition& position) { loop_->mark_durable(position); }
void KafkaInput::close() { loop_->close(); }
bool KafkaInput::connected() const { return loop_->connected(); }
std::string KafkaInput::problem() const { return loop_->problem(); }
KafkaInputCounters KafkaInput::counters() const { return loop_->counters(); }

}  // namespace relance::connectors
