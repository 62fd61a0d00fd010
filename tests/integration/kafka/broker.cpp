#include "tests/integration/kafka/broker.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include <doctest/doctest.h>

namespace relance::tests {

namespace {

using connectors::ConfigurationPtr;
using connectors::HandlePtr;
using connectors::MessagePtr;
using connectors::PartitionListPtr;

constexpr int kAnswerMs = 60'000;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  REQUIRE_MESSAGE(value != nullptr, name << " is not set: start this through tests/integration/kafka/run");
  return value;
}

HandlePtr plain_client(rd_kafka_type_t type, const std::vector<std::pair<std::string, std::string>>& properties,
                       void* opaque = nullptr,
                       void (*on_delivery)(rd_kafka_t*, const rd_kafka_message_t*, void*) = nullptr) {
  char error[512] = "";
  rd_kafka_conf_t* configuration = rd_kafka_conf_new();
  rd_kafka_conf_set(configuration, "bootstrap.servers", Broker::running().address().c_str(), nullptr, 0);
  rd_kafka_conf_set(configuration, "log_level", "2", nullptr, 0);
  for (const auto& [name, value] : properties) {
    const auto done = rd_kafka_conf_set(configuration, name.c_str(), value.c_str(), error, sizeof error);
    REQUIRE_MESSAGE(done == RD_KAFKA_CONF_OK, error);
  }
  rd_kafka_conf_set_opaque(configuration, opaque);
  if (on_delivery != nullptr) rd_kafka_conf_set_dr_msg_cb(configuration, on_delivery);
  rd_kafka_t* client = rd_kafka_new(type, configuration, error, sizeof error);
  REQUIRE_MESSAGE(client != nullptr, error);
  return HandlePtr(client);
}

PlainRecord plain_record(const rd_kafka_message_t& message) {
  PlainRecord out;
  out.offset = message.offset;
  if (message.key != nullptr) out.key.assign(static_cast<const char*>(message.key), message.key_len);
  out.null_value = message.payload == nullptr;
  if (!out.null_value) out.value.assign(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return out;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t index = 0;
       rd_kafka_header_get_all(headers, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++index) {
    out.headers.emplace_back(name, std::string(static_cast<const char*>(value), size));
  }
  return out;
}

}  // namespace

Broker& Broker::running() {
  static Broker broker;
  return broker;
}

Broker::Broker()
    : script_(environment("RELANCE_KAFKA_BROKER")),
      folder_(environment("RELANCE_KAFKA_FOLDER")),
      address_(environment("RELANCE_KAFKA_ADDRESS")) {}

void Broker::command(const std::string& action, const std::string& argument) const {
  const std::string line = "'" + script_ + "' " + action + " '" + folder_ + "' " + argument + " >/dev/null";
  const int status = std::system(line.c_str());
  REQUIRE_MESSAGE(status == 0, line);
}

void Broker::stop() { command("stop"); }
void Broker::kill() { command("kill"); }
void Broker::start() { command("start", "0"); }
void Broker::suspend() { signal(SIGSTOP); }
void Broker::go_on() { signal(SIGCONT); }

void Broker::create_topic(const std::string& name, int partitions) {
  const HandlePtr client = plain_client(RD_KAFKA_PRODUCER, {});
  const connectors::QueuePtr answers(rd_kafka_queue_new(client.get()));
  char error[512] = "";
  rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(name.c_str(), partitions, 1, error, sizeof error);
  REQUIRE_MESSAGE(topic != nullptr, error);
  rd_kafka_CreateTopics(client.get(), &topic, 1, nullptr, answers.get());
  rd_kafka_NewTopic_destroy(topic);
  rd_kafka_event_t* event = rd_kafka_queue_poll(answers.get(), kAnswerMs);
  REQUIRE(event != nullptr);
  std::size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  const rd_kafka_resp_err_t result = count == 1 ? rd_kafka_topic_result_error(results[0]) : rd_kafka_event_error(event);
  rd_kafka_event_destroy(event);
  REQUIRE_MESSAGE(result == RD_KAFKA_RESP_ERR_NO_ERROR, name << ": " << rd_kafka_err2str(result));
}

void Broker::signal(int number) const {
  int pid = 0;
  std::ifstream(folder_ + "/pid") >> pid;
  REQUIRE(pid > 0);
  REQUIRE(::kill(pid, number) == 0);
}

void Broker::delete_before(const std::string& topic, std::int64_t offset) {
  const HandlePtr client = plain_client(RD_KAFKA_PRODUCER, {});
  const PartitionListPtr offsets(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(offsets.get(), topic.c_str(), 0)->offset = offset;
  const connectors::QueuePtr answers(rd_kafka_queue_new(client.get()));
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(offsets.get());
  rd_kafka_DeleteRecords(client.get(), &request, 1, nullptr, answers.get());
  rd_kafka_event_t* event = rd_kafka_queue_poll(answers.get(), kAnswerMs);
  REQUIRE(event != nullptr);
  const rd_kafka_resp_err_t error = rd_kafka_event_error(event);
  rd_kafka_event_destroy(event);
  rd_kafka_DeleteRecords_destroy(request);
  REQUIRE(error == RD_KAFKA_RESP_ERR_NO_ERROR);
}

PlainProducer::PlainProducer() {
  client_ = plain_client(RD_KAFKA_PRODUCER,
                         {{"enable.idempotence", "true"},
                          {"message.timeout.ms", "180000"},
                          {"linger.ms", "5"},
                          {"partitioner", "murmur2_random"}},
                         &failures_, [](rd_kafka_t*, const rd_kafka_message_t* message, void* failures) {
                           if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) ++*static_cast<int*>(failures);
                         });
}

void PlainProducer::produce(const std::string& topic, const PlainRecord& record) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) rd_kafka_header_add(headers, name.c_str(), -1, value.c_str(), -1);
  std::string value = record.value;
  std::string key = record.key;
  std::array<rd_kafka_vu_t, 5> parts{};
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = topic.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[1].u.i = RD_KAFKA_MSG_F_COPY;
  parts[2].vtype = RD_KAFKA_VTYPE_KEY;
  parts[2].u.mem = {key.data(), key.size()};
  parts[3].vtype = RD_KAFKA_VTYPE_VALUE;
  if (!record.null_value) parts[3].u.mem = {value.data(), value.size()};
  parts[4].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[4].u.headers = headers;
  const std::unique_ptr<rd_kafka_error_t, decltype(&rd_kafka_error_destroy)> error(
      rd_kafka_produceva(client_.get(), parts.data(), parts.size()), rd_kafka_error_destroy);
  REQUIRE(error == nullptr);
  rd_kafka_poll(client_.get(), 0);
}

void PlainProducer::flush() {
  REQUIRE(rd_kafka_flush(client_.get(), 2 * kAnswerMs) == RD_KAFKA_RESP_ERR_NO_ERROR);
  REQUIRE(failures_ == 0);
}

std::map<int, std::vector<PlainRecord>> read_all(const std::string& topic, int partitions) {
  const HandlePtr client = plain_client(
      RD_KAFKA_CONSUMER, {{"group.id", "reader"}, {"enable.auto.commit", "false"}, {"enable.partition.eof", "true"}});
  rd_kafka_poll_set_consumer(client.get());
  const PartitionListPtr list(rd_kafka_topic_partition_list_new(partitions));
  for (int partition = 0; partition < partitions; ++partition) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(client.get(), list.get());
  std::map<int, std::vector<PlainRecord>> out;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kAnswerMs);
  for (int ended = 0; ended < partitions;) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    const MessagePtr message(rd_kafka_consumer_poll(client.get(), 1000));
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ++ended;
    } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      out[message->partition].push_back(plain_record(*message));
    }
  }
  rd_kafka_assign(client.get(), nullptr);
  return out;
}

std::map<int, std::int64_t> committed(const std::string& group, const std::string& topic, int partitions) {
  const HandlePtr client = plain_client(RD_KAFKA_CONSUMER, {{"group.id", group}});
  const PartitionListPtr list(rd_kafka_topic_partition_list_new(partitions));
  for (int partition = 0; partition < partitions; ++partition) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  }
  REQUIRE(rd_kafka_committed(client.get(), list.get(), kAnswerMs) == RD_KAFKA_RESP_ERR_NO_ERROR);
  std::map<int, std::int64_t> out;
  for (int index = 0; index < list->cnt; ++index) {
    if (list->elems[index].offset >= 0) out[list->elems[index].partition] = list->elems[index].offset;
  }
  return out;
}

}  // namespace relance::tests
