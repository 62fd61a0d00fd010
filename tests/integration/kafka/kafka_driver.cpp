// KafkaInput and KafkaOutput against a real broker that stops, dies and comes back. Started by the script `run`.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "connectors/kafka/kafka_action_connector.h"
#include "connectors/kafka/kafka_input.h"
#include "connectors/kafka/kafka_output.h"
#include "connectors/kafka/kafka_publisher.h"
#include "tests/integration/kafka/broker.h"
#include "tests/integration/kafka/engine_stand_in.h"

using namespace relance;
using namespace std::chrono_literals;
using connectors::Delivery;
using connectors::KafkaInput;
using connectors::KafkaOutput;
using connectors::KafkaSettings;
using connectors::OutputRecord;
using tests::Broker;
using tests::Life;
using tests::PlainProducer;
using tests::PlainRecord;
using tests::Store;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPartitions = 4;
constexpr int kMessages = 20'000;
constexpr unsigned kSeed = 17;
constexpr std::chrono::milliseconds kShortClose = 4s;

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds within = 60s) {
  const auto deadline = Clock::now() + within;
  while (!condition()) {
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

KafkaSettings settings_for(const std::string& events_topic, const std::string& group) {
  KafkaSettings settings;
  settings.brokers = Broker::running().address();
  settings.group = group;
  settings.topics.events = events_topic;
  settings.delivery_timeout = rules::Duration{120'000};
  settings.properties = {
      {"session.timeout.ms", "6000"}, {"heartbeat.interval.ms", "500"}, {"topic.metadata.refresh.interval.ms", "1000"}};
  return settings;
}

/// Event `number`, in structured and binary mode by turns; every 500th is no event at all.
PlainRecord event_record(int number) {
  const std::string id = "e-" + std::to_string(number);
  const std::string lead = "L-" + std::to_string(number % 977);
  PlainRecord record;
  record.key = lead;
  if (number % 500 == 499) {
    record.null_value = number % 1000 == 999;
    record.value = "no event " + id;
  } else if (number % 2 == 0) {
    record.value = R"({"specversion":"1.0","id":")" + id + R"(","source":"crm","type":"page.viewed","subject":")" +
                   lead + R"(","time":"2026-03-01T08:00:00Z","data":{"path":"/pricing"}})";
    record.headers = {{"content-type", "application/cloudevents+json"}};
  } else {
    record.value = R"({"path":"/pricing"})";
    record.headers = {{"ce_specversion", "1.0"},           {"ce_id", id},        {"ce_source", "crm"},
                      {"ce_type", "page.viewed"},          {"ce_subject", lead}, {"ce_time", "2026-03-01T08:00:00Z"},
                      {"content-type", "application/json"}};
  }
  return record;
}

int number_in(const std::string& id) { return std::stoi(id.substr(id.find('-') + 1)); }

/// What a stored record must be, given what the topic holds at its offset.
std::string expected_id(const PlainRecord& record, const std::string& input) {
  if (record.null_value || record.value.starts_with("no event")) {
    return "dead: " + input + "@" + std::to_string(record.offset);
  }
  const auto header = std::find_if(record.headers.begin(), record.headers.end(),
                                   [](const auto& entry) { return entry.first == "ce_id"; });
  if (header != record.headers.end()) return header->second;
  const std::size_t begin = record.value.find("e-");
  return record.value.substr(begin, record.value.find('"', begin) - begin);
}

/// The store holds exactly the topic's records, each once, in order of their offsets, under the right ids.
void check_store_mirrors_topic(const Store& store, const std::string& topic) {
  const auto content = store.content();
  for (const auto& [partition, records] : tests::read_all(topic, kPartitions)) {
    const std::string input = connectors::input_name(topic, partition);
    CAPTURE(input);
    REQUIRE(content.contains(input));
    const auto& stored = content.at(input);
    REQUIRE(stored.size() == records.size());
    std::size_t wrong = 0;
    for (std::size_t index = 0; index < records.size(); ++index) {
      const bool same =
          stored[index].offset == records[index].offset && stored[index].id == expected_id(records[index], input);
      if (!same) ++wrong;
    }
    CHECK(wrong == 0);
  }
}

/// Writes numbered records through KafkaOutput on a thread of its own and remembers what became of each.
class Writer {
 public:
  explicit Writer(const KafkaSettings& settings) {
    connectors::OutputLimits limits;
    limits.queued_messages = 2'000;  // so that back-pressure happens
    auto opened = KafkaOutput::open(settings, {}, limits);
    REQUIRE(opened);
    output_ = *std::move(opened);
  }
  ~Writer() {
    if (thread_.joinable()) thread_.join();
  }
  void start() {
    thread_ = std::thread([this] { run(); });
  }
  /// Lets the thread write up to that number.
  void allow(int count) { allowed_ = count; }
  void finish() { thread_.join(); }
  KafkaOutput& output() { return *output_; }
  int acked() const { return acked_; }
  int failed() const { return failed_; }

 private:
  void run() {
    for (int number = 0; number < kMessages;) {
      if (number >= allowed_ && !eventually([&] { return number < allowed_; }, 300s)) return;
      OutputRecord record;
      record.topic = "records-out";
      record.key = "k-" + std::to_string(number % 977);
      record.payload = "r-" + std::to_string(number);
      const auto taken = output_->publish(
          record, [this](const Delivery& delivery) { ++(delivery.kind == Delivery::Kind::acked ? acked_ : failed_); });
      if (taken) {
        ++number;
      } else if (taken.error().kind != connectors::Refusal::Kind::full ||
                 !output_->wait_for_room(Clock::now() + 120s)) {
        return;
      }
    }
    output_->flush(Clock::now() + 120s);
  }

  std::unique_ptr<KafkaOutput> output_;
  std::thread thread_;
  std::atomic<int> allowed_{0};
  std::atomic<int> acked_{0};
  std::atomic<int> failed_{0};
};

/// Copies ledger lines as the daemon does, with deadlines that are shorter than the broker's absences.
class Copier {
 public:
  Copier(KafkaOutput& output, const connectors::KafkaTopics& topics) : publisher_(output, topics) {}
  ~Copier() {
    if (thread_.joinable()) thread_.join();
  }
  void start() {
    thread_ = std::thread([this] { run(); });
  }
  void allow(std::uint64_t lines) { allowed_ = lines; }
  void finish() { thread_.join(); }
  std::uint64_t cursor() const { return cursor_; }
  int late() const { return late_; }  // calls that ended before everything was acknowledged

 private:
  void run() {
    const auto deadline = Clock::now() + 300s;
    while (cursor_ < kMessages && Clock::now() < deadline) {
      std::vector<connectors::LedgerLine> lines;
      for (std::uint64_t seq = cursor_; seq < std::min<std::uint64_t>(allowed_, cursor_ + 500); ++seq) {
        lines.push_back({seq, "k-" + std::to_string(seq % 977), "l-" + std::to_string(seq)});
      }
      if (lines.empty()) {
        std::this_thread::sleep_for(10ms);  // polls; the deadline is above
        continue;
      }
      const auto published = publisher_.publish_lines(lines, Clock::now() + 500ms);
      if (!published.problem.empty()) ++late_;
      if (published.seq) cursor_ = *published.seq + 1;
    }
  }

  connectors::KafkaPublisher publisher_;
  std::thread thread_;
  std::atomic<std::uint64_t> cursor_{0};
  std::atomic<std::uint64_t> allowed_{0};
  std::atomic<int> late_{0};
};

void check_numbered(const std::string& topic) {
  CAPTURE(topic);
  std::set<int> seen;
  std::size_t count = 0;
  for (const auto& partition : tests::read_all(topic, kPartitions)) {
    CAPTURE(partition.first);
    std::size_t disorder = 0;
    int before = -1;
    for (const PlainRecord& record : partition.second) {
      const int number = number_in(record.value);
      if (number <= before) ++disorder;
      before = number;
      seen.insert(number);
    }
    CHECK(disorder == 0);
    count += partition.second.size();
  }
  CHECK(count == kMessages);
  CHECK(seen.size() == kMessages);
}

/// A topic of one partition whose records 0 to 39 are deleted; 40 to 99 are there.
void create_shortened_topic(const std::string& topic) {
  Broker& broker = Broker::running();
  broker.create_topic(topic, 1);
  PlainProducer producer;
  for (int number = 0; number < 100; ++number) producer.produce(topic, event_record(number));
  producer.flush();
  broker.delete_before(topic, 40);
}

/// A store that has committed one record, with the position `next` after it.
std::unique_ptr<Store> store_at(const std::string& topic, std::int64_t next) {
  auto store = std::make_unique<Store>();
  rules::Event event;
  event.id = "earlier";
  store->commit({{event, {connectors::input_name(topic, 0), next}}});
  return store;
}

}  // namespace

TEST_CASE("events in and records out survive restarts of the broker and of the engine, each once and in order") {
  Broker& broker = Broker::running();
  broker.create_topic("events-in", kPartitions);
  broker.create_topic("records-out", kPartitions);
  broker.create_topic("lines-out", kPartitions);
  KafkaSettings settings = settings_for("events-in", "engine");
  settings.instance_id = "engine-1";
  settings.topics.ledger = "lines-out";

  PlainProducer producer;
  int produced = 0;
  const auto produce_to = [&](int count) {
    for (; produced < count; ++produced) producer.produce("events-in", event_record(produced));
  };
  Store store;
  Writer writer(settings);
  writer.start();
  Copier copier(writer.output(), settings.topics);
  copier.start();
  const auto write_to = [&](int count) {
    writer.allow(count);
    copier.allow(static_cast<std::uint64_t>(count));
  };
  auto life = std::make_unique<Life>(settings, store, kSeed, kShortClose);

  // Each disturbance meets records that are on their way in and out.
  produce_to(4'000);
  write_to(4'000);
  REQUIRE(store.wait_for(2'000));
  REQUIRE(eventually([&] { return writer.acked() >= 2'000; }));

  produce_to(8'000);
  write_to(8'000);
  broker.stop();
  CHECK(eventually([&] { return !life->input().connected() && !writer.output().connected(); }));
  broker.start();
  REQUIRE(store.wait_for(6'000));
  CHECK(life->input().connected());

  produce_to(12'000);
  std::uint64_t pauses = life->input().counters().pauses;
  REQUIRE(life->crash());
  life = std::make_unique<Life>(settings, store, kSeed + 1);
  REQUIRE(store.wait_for(10'000));

  produce_to(16'000);
  write_to(16'000);
  broker.kill();
  broker.start();
  REQUIRE(store.wait_for(14'000));

  produce_to(18'000);
  write_to(kMessages);
  pauses += life->input().counters().pauses;
  life->close();  // an orderly end and a new start
  CHECK(life->fatal() == "");
  life = std::make_unique<Life>(settings, store, kSeed + 2);
  produce_to(kMessages);
  producer.flush();
  REQUIRE(store.wait_for(kMessages));
  writer.finish();
  copier.finish();

  // An orderly end leaves the group's offsets at the store's positions, for those who watch the lag.
  life->close();
  for (const auto& [partition, offset] : tests::committed("engine", "events-in", kPartitions)) {
    CHECK(store.position("events-in", partition) == offset);
  }
  CHECK(tests::committed("engine", "events-in", kPartitions).size() == kPartitions);
  CHECK(store.count() == kMessages);
  CHECK(pauses + life->input().counters().pauses > 0);
  CHECK(life->input().counters().rewinds == 0);
  CHECK(life->input().counters().expired == 0);
  check_store_mirrors_topic(store, "events-in");

  CHECK(writer.acked() == kMessages);
  CHECK(writer.failed() == 0);
  CHECK(writer.output().counters().refusals > 0);
  check_numbered("records-out");
  CHECK(copier.cursor() == kMessages);
  CHECK(copier.late() > 0);
  check_numbered("lines-out");
}

TEST_CASE("when a second member joins, each event is still handled once") {
  Broker::running().create_topic("shared", kPartitions);
  const KafkaSettings settings = settings_for("shared", "pair");
  PlainProducer producer;
  for (int number = 0; number < 3'000; ++number) producer.produce("shared", event_record(number));
  producer.flush();

  // Two processes with a store each. The second has no positions and goes on at the offsets that the first committed
  // when it gave partitions up.
  Store first_store;
  Store second_store;
  Life first(settings, first_store, kSeed);
  REQUIRE(first_store.wait_for(1'000));
  Life second(settings, second_store, kSeed + 1);
  REQUIRE(eventually([&] { return second.input().counters().assignments > 0 && second.input().connected(); }));
  for (int number = 3'000; number < 6'000; ++number) producer.produce("shared", event_record(number));
  producer.flush();
  REQUIRE(eventually([&] { return first_store.count() + second_store.count() >= 6'000; }));

  std::multiset<std::string> ids;
  for (const Store* store : {&first_store, &second_store}) {
    for (const auto& [input, records] : store->content()) {
      for (const auto& record : records) ids.insert(record.id);
    }
  }
  CHECK(ids.size() == 6'000);
  CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == 6'000);
  CHECK(second_store.count() > 0);
}

TEST_CASE("a second process with the same instance id fences the first") {
  Broker::running().create_topic("fenced", 1);
  KafkaSettings settings = settings_for("fenced", "fenced");
  settings.instance_id = "twin";
  Store store;
  Life first(settings, store, kSeed);
  REQUIRE(eventually([&] { return first.input().counters().assignments > 0; }));
  Life second(settings, store, kSeed + 1);
  REQUIRE(eventually([&] { return !first.fatal().empty(); }));
  CHECK(first.fatal().find("FENCED_INSTANCE_ID") != std::string::npos);
  CHECK(second.fatal() == "");
}

TEST_CASE("a missing topic is named until it is there") {
  Store store;
  Life life(settings_for("comes-later", "later"), store, kSeed);
  REQUIRE(eventually([&] { return life.input().problem().find("comes-later") != std::string::npos; }));
  Broker::running().create_topic("comes-later", 1);
  PlainProducer producer;
  for (int number = 0; number < 10; ++number) producer.produce("comes-later", event_record(number));
  producer.flush();
  REQUIRE(store.wait_for(10));
  CHECK(eventually([&] { return life.input().problem().empty(); }));
}

TEST_CASE("records that the broker deleted before they were read are counted and reported") {
  create_shortened_topic("expired");
  const auto store = store_at("expired", 10);
  Life life(settings_for("expired", "expired"), *store, kSeed);
  REQUIRE(store->wait_for(61));
  CHECK(life.input().counters().expired == 30);
  CHECK(life.input().counters().rewinds == 0);
}

TEST_CASE("a position beyond the end, because the topic was made anew, begins at its first record") {
  create_shortened_topic("anew");
  const auto store = store_at("anew", 5'000);
  Life life(settings_for("anew", "anew"), *store, kSeed);
  REQUIRE(store->wait_for(61));
  CHECK(life.input().counters().rewinds == 1);
  life.close();
  CHECK(tests::committed("anew", "anew", 1) == std::map<int, std::int64_t>{{0, 100}});
}

TEST_CASE("ledger lines, dead letters and actions arrive as the contract says") {
  Broker& broker = Broker::running();
  broker.create_topic("relance.ledger", 1);
  broker.create_topic("relance.dead-letters", 1);
  broker.create_topic("relance.actions", 1);
  const KafkaSettings settings = settings_for("events-in", "contract");
  auto output = KafkaOutput::open(settings, {});
  REQUIRE(output);
  connectors::KafkaPublisher publisher(**output, settings.topics);
  const auto lines = publisher.publish_lines({{1, "s-1", R"({"seq":1})"}, {2, "", R"({"seq":2})"}}, Clock::now() + 60s);
  CHECK(lines.seq == 2);
  engine::DeadLetter letter{"not_json: ...", "kafka:relance.events:3@17", std::string("\x00{", 2), rules::Instant{0}};
  CHECK(publisher.publish_dead_letters({letter}, Clock::now() + 60s).count == 1);
  connectors::KafkaActionConnector connector(**output, settings, {});
  engine::Action action;
  action.id = rules::ActionId("a-1");
  action.lead = rules::LeadId("L-1");
  CHECK(connector.deliver(action, 1).provider_id == "relance.actions:0@0");

  const auto ledger = tests::read_all("relance.ledger", 1).at(0);
  REQUIRE(ledger.size() == 2);
  CHECK(ledger[0].key == "s-1");
  CHECK(ledger[0].value == R"({"seq":1})");
  const auto letters = tests::read_all("relance.dead-letters", 1).at(0);
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].value == letter.bytes);
  REQUIRE(letters[0].headers.size() == 3);
  CHECK(letters[0].headers[0] == std::pair<std::string, std::string>("reason", "not_json: ..."));
  CHECK(letters[0].headers[1] == std::pair<std::string, std::string>("input", "kafka:relance.events:3@17"));
  CHECK(letters[0].headers[2] == std::pair<std::string, std::string>("at", "1970-01-01T00:00:00.000Z"));
  const auto actions = tests::read_all("relance.actions", 1).at(0);
  REQUIRE(actions.size() == 1);
  CHECK(actions[0].key == "L-1");
  CHECK(actions[0].value == engine::to_cloud_event(action));
}

TEST_CASE("a broker that hangs leaves an action's outcome unknown, and closing stays bounded") {
  Broker& broker = Broker::running();
  KafkaSettings settings = settings_for("events-in", "hang");
  settings.delivery_timeout = rules::Duration{3000};
  connectors::OutputLimits limits;
  limits.close = 500ms;
  auto output = KafkaOutput::open(settings, {}, limits);
  REQUIRE(output);
  connectors::KafkaActionConnector connector(**output, settings, {});
  engine::Action action;
  action.id = rules::ActionId("a-2");
  action.lead = rules::LeadId("L-2");
  // The connection has to be up first, however long that takes.
  REQUIRE(eventually([&] { return connector.deliver(action, 1).kind == engine::AttemptResult::Kind::accepted; }));
  Store store;
  Life life(settings, store, kSeed, kShortClose);
  REQUIRE(store.wait_for(100));

  broker.suspend();
  CHECK(connector.deliver(action, 2).kind == engine::AttemptResult::Kind::outcome_unknown);
  const auto begin = Clock::now();
  life.close();
  (*output)->close();
  CHECK(Clock::now() - begin < 15s);
  broker.go_on();
}

TEST_CASE("closing is bounded when the broker is gone") {
  KafkaSettings settings = settings_for("events-in", "gone");
  settings.instance_id = "gone-1";
  Store store;
  auto life = std::make_unique<Life>(settings, store, kSeed, kShortClose);
  auto output = KafkaOutput::open(settings, {}, {1'000, 1 << 20, 500ms});
  REQUIRE(output);
  REQUIRE(store.wait_for(100));
  Broker::running().kill();
  OutputRecord record;
  record.topic = "records-out";
  std::atomic<int> completed{0};
  REQUIRE((*output)->publish(record, [&](const Delivery&) { ++completed; }));
  const auto begin = Clock::now();
  life.reset();
  output->reset();
  CHECK(Clock::now() - begin < 15s);
  CHECK(completed == 1);
}
