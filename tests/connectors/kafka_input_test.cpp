#include "connectors/kafka/kafka_input.h"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include <doctest/doctest.h>

#include "connectors/kafka/kafka_output.h"
#include "tests/connectors/kafka_mock_cluster.h"

using namespace relance;
using namespace std::chrono_literals;
using connectors::ArrivalSink;
using connectors::KafkaInput;
using connectors::KafkaInputLimits;
using connectors::KafkaInputPorts;
using connectors::KafkaMessage;
using connectors::KafkaOutput;
using connectors::KafkaSettings;
using tests::eventually;
using tests::MockCluster;

namespace {

using Clock = std::chrono::steady_clock;

/// Takes batches while it is open and remembers the positions; `durable` on taking, like a very fast processor.
class Sink final : public ArrivalSink {
 public:
  bool offer(std::vector<KafkaMessage>&& batch) override {
    const std::lock_guard lock(mutex_);
    if (!open_) return false;
    for (KafkaMessage& message : std::exchange(batch, {})) {
      positions_[message.position.input].push_back(message.position.next);
      if (acknowledging_ != nullptr) acknowledging_->mark_durable(message.position);
    }
    return true;
  }
  void set_open(bool open) {
    const std::lock_guard lock(mutex_);
    open_ = open;
  }
  void acknowledge_to(KafkaInput& input) {
    const std::lock_guard lock(mutex_);
    acknowledging_ = &input;
    for (const auto& [name, taken] : positions_) input.mark_durable({name, taken.back()});
  }
  std::size_t taken() const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& [input, positions] : positions_) count += positions.size();
    return count;
  }
  std::vector<std::int64_t> of(const std::string& input) const {
    const std::lock_guard lock(mutex_);
    const auto found = positions_.find(input);
    return found == positions_.end() ? std::vector<std::int64_t>() : found->second;
  }

 private:
  mutable std::mutex mutex_;
  bool open_ = true;
  KafkaInput* acknowledging_ = nullptr;
  std::map<std::string, std::vector<std::int64_t>> positions_;
};

KafkaInputPorts ports_to(Sink& sink) {
  KafkaInputPorts ports;
  ports.sink = &sink;
  ports.position = [](const std::string&, int) { return std::nullopt; };
  ports.clock = [] { return rules::Instant{1'772'440'000'000}; };
  ports.on_fatal = [](const std::string&) {};
  return ports;
}

std::unique_ptr<KafkaInput> open_input(const KafkaSettings& settings, KafkaInputPorts ports,
                                       KafkaInputLimits limits = {}) {
  auto input = KafkaInput::open(settings, std::move(ports), limits);
  INFO((input ? std::string() : input.error()));
  REQUIRE(input);
  return *std::move(input);
}

/// Static membership, and heartbeats that come soon.
KafkaSettings static_member_of(const MockCluster& cluster) {
  KafkaSettings settings = cluster.settings();
  settings.instance_id = "relance-1";
  settings.properties["heartbeat.interval.ms"] = "200";
  return settings;
}

/// Events (and every tenth a dead letter) in partition order: the offset is the number.
void produce(const MockCluster& cluster, int count) {
  auto output = KafkaOutput::open(cluster.settings(), {});
  REQUIRE(output);
  for (int number = 0; number < count; ++number) {
    connectors::OutputRecord record;
    record.topic = "relance.events";
    record.key = "acme";
    record.payload = number % 10 == 9 ? "no event"
                                      : R"({"specversion":"1.0","id":"e-)" + std::to_string(number) +
                                            R"(","source":"s","type":"lead.created","subject":"L-1","data":{}})";
    REQUIRE((*output)->publish(record, {}));
  }
  REQUIRE((*output)->flush(Clock::now() + 30s));
}

std::vector<std::int64_t> numbers(std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> out;
  for (std::int64_t number = first; number <= last; ++number) out.push_back(number);
  return out;
}

constexpr auto kInput = "kafka:relance.events:0";

}  // namespace

TEST_CASE("a partition goes on where the store's position says, in order, each record with the position after it") {
  MockCluster cluster;
  cluster.create_topic("relance.events", 1);
  produce(cluster, 100);
  Sink sink;
  KafkaInputPorts ports = ports_to(sink);
  ports.position = [](const std::string& topic, int partition) -> std::optional<std::int64_t> {
    CHECK(topic == "relance.events");
    CHECK(partition == 0);
    return 30;
  };
  const auto input = open_input(cluster.settings(), std::move(ports));
  REQUIRE(eventually([&] { return sink.taken() == 70; }));
  CHECK(sink.of(kInput) == numbers(31, 100));
  CHECK(input->connected());
  CHECK(input->problem() == "");
  CHECK(eventually([&] { return input->counters().messages == 70; }));
  CHECK(input->counters().dead_letters == 7);
  sink.acknowledge_to(*input);
}

TEST_CASE("a full sink pauses the partitions and loses nothing when it has room again") {
  MockCluster cluster;
  cluster.create_topic("relance.events", 1);
  produce(cluster, 300);
  Sink sink;
  sink.set_open(false);
  KafkaInputLimits limits;
  limits.patience = 0ms;
  limits.batch_messages = 7;
  const auto input = open_input(cluster.settings(), ports_to(sink), limits);
  REQUIRE(eventually([&] { return input->counters().pauses == 1; }));
  REQUIRE(eventually([&] { return input->counters().refusals >= 5; }));
  CHECK(sink.taken() == 0);
  sink.set_open(true);
  REQUIRE(eventually([&] { return sink.taken() == 300; }));
  CHECK(sink.of(kInput) == numbers(1, 300));
  sink.acknowledge_to(*input);
}

TEST_CASE("a sink that is full for a moment is asked again without a pause, and close waits until all is durable") {
  MockCluster cluster;
  cluster.create_topic("relance.events", 1);
  produce(cluster, 50);
  Sink sink;
  sink.set_open(false);
  KafkaInputLimits limits;
  limits.patience = 60s;
  const auto input = open_input(cluster.settings(), ports_to(sink), limits);
  REQUIRE(eventually([&] { return input->counters().refusals >= 3; }));
  sink.set_open(true);
  REQUIRE(eventually([&] { return sink.taken() == 50; }));
  CHECK(input->counters().pauses == 0);

  std::atomic<bool> closed{false};
  std::thread closing([&] {
    input->close();
    closed = true;
  });
  CHECK_FALSE(eventually([&] { return closed.load(); }, 300ms));
  sink.acknowledge_to(*input);
  closing.join();
}

TEST_CASE("an input that another process fenced reports it once and ends") {
  MockCluster cluster;
  cluster.create_topic("relance.events", 1);
  cluster.fail_next(MockCluster::kJoinGroup, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
  Sink sink;
  std::atomic<int> calls{0};
  KafkaInputPorts ports = ports_to(sink);
  ports.on_fatal = [&](const std::string& reason) {
    CHECK(reason.find("FENCED_INSTANCE_ID") != std::string::npos);
    ++calls;
  };
  const auto input = open_input(static_member_of(cluster), std::move(ports));
  REQUIRE(eventually([&] { return calls > 0; }));
  input->close();
  CHECK(calls == 1);
  CHECK_FALSE(input->problem().empty());
}

TEST_CASE("a member that is fenced after a broker was away joins anew and reads on, each record once") {
  MockCluster cluster;
  cluster.create_topic("relance.events", 1);
  produce(cluster, 50);
  Sink sink;
  std::atomic<int> calls{0};
  KafkaInputPorts ports = ports_to(sink);
  ports.on_fatal = [&](const std::string&) { ++calls; };
  const auto input = open_input(static_member_of(cluster), std::move(ports));
  REQUIRE(eventually([&] { return sink.taken() == 50; }));

  cluster.set_down();
  REQUIRE(eventually([&] { return !input->connected(); }));
  cluster.fail_next(MockCluster::kHeartbeat, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
  cluster.set_up();
  REQUIRE(eventually([&] { return input->counters().rejoins == 1; }));
  produce(cluster, 50);
  REQUIRE(eventually([&] { return sink.taken() == 100; }));
  CHECK(sink.of(kInput) == numbers(1, 100));
  CHECK(eventually([&] { return input->problem().empty(); }));
  CHECK(calls == 0);
  sink.acknowledge_to(*input);
}

TEST_CASE("a member that is fenced while nothing disturbs it has met another process and ends") {
  MockCluster cluster;
  cluster.create_topic("relance.events", 1);
  produce(cluster, 10);
  Sink sink;
  std::atomic<int> calls{0};
  KafkaInputPorts ports = ports_to(sink);
  ports.on_fatal = [&](const std::string&) { ++calls; };
  const auto input = open_input(static_member_of(cluster), std::move(ports));
  REQUIRE(eventually([&] { return sink.taken() == 10; }));
  cluster.fail_next(MockCluster::kHeartbeat, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
  REQUIRE(eventually([&] { return calls == 1; }));
  CHECK(input->counters().rejoins == 0);
}

TEST_CASE("a broker that cannot be reached is a problem, not an error, and close stays bounded") {
  Sink sink;
  KafkaInputLimits limits;
  limits.close = 500ms;
  const auto input = open_input(tests::unreachable_settings(), ports_to(sink), limits);
  CHECK(eventually([&] { return input->problem() == "no broker can be reached"; }));
  CHECK_FALSE(input->connected());
  const auto begin = Clock::now();
  input->close();
  CHECK(Clock::now() - begin < 10s);
}

TEST_CASE("bad settings do not open an input") {
  Sink sink;
  KafkaSettings settings;
  settings.brokers = "kafka:99999";
  const auto input = KafkaInput::open(settings, ports_to(sink));
  REQUIRE_FALSE(input);
  CHECK(input.error().find("a port is a number from 1 to 65535") != std::string::npos);
}
