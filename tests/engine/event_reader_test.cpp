#include "engine/intake/event_reader.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "engine/intake/base64.h"
#include "engine/intake/json_data.h"
#include "rules/channel.h"

using namespace relance;
using engine::EventReader;

namespace {

// The instant of the events below.
const rules::Instant kArrived = *rules::parse_rfc3339("2026-03-02T08:10:00Z");

const std::string kLead =
    R"({"specversion":"1.0","id":"e-17","source":"crm/acme","type":"lead.created","subject":"L-1","partitionkey":"acme",)"
    R"("time":"2026-03-02T09:10:00+01:00","data":{"source":"inbound","size":"smb","name":"Ada Martin",)"
    R"("email":"ada@example.com","phone":"+33612345678","timezone":"Europe/Paris","country":"FR","account":"acme",)"
    R"("owner":"rep-7","score":20,"tags":[],"flags":[]}})";

/// An event whose attributes besides specversion, id and source are `rest`.
std::string event_with(const std::string& rest) {
  return R"({"specversion":"1.0","id":"e-1","source":"test",)" + rest + "}";
}

std::string event_of(const std::string& type, const std::string& data) {
  return event_with(R"("subject":"L-1","time":"2026-03-02T08:10:00Z","type":")" + type + R"(","data":)" + data);
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::string code_of(const tl::expected<rules::Event, engine::Unusable>& result) {
  return result ? "usable" : result.error().code;
}

std::string read_code(const std::string& json) { return code_of(EventReader().read(json, kArrived)); }

rules::Event read_event(const std::string& json) {
  auto result = EventReader().read(json, kArrived);
  REQUIRE_MESSAGE(result.has_value(), (result ? std::string() : engine::reason_of(result.error())));
  return *std::move(result);
}

struct Case {
  std::string name;
  std::string json;
  std::string code;
};

void check_all(const std::vector<Case>& cases) {
  EventReader reader;  // one for all: a bad event must not spoil the next
  for (const Case& test : cases) {
    CAPTURE(test.name);
    const auto result = reader.read(test.json, kArrived);
    CHECK(code_of(result) == test.code);
    if (!result) {
      CHECK(result.error().message.size() > 10);
      CHECK(result.error().message.size() < 300);
    }
    CHECK(reader.read(kLead, kArrived).has_value());
  }
}

}  // namespace

TEST_CASE("a lead event is read with its envelope and its data") {
  const rules::Event event = read_event(kLead);
  CHECK(event.id == "e-17");
  CHECK(event.source == "crm/acme");
  CHECK(event.type == rules::EventType::lead_created);
  CHECK(event.lead.value == "L-1");
  CHECK(event.partition_key == "acme");
  CHECK(event.time == kArrived);
  CHECK(event.text("email") == "ada@example.com");
  REQUIRE(event.data.find("score") != nullptr);
  CHECK(*event.data.find("score")->get<std::int64_t>() == 20);
  CHECK(event.data.find("tags")->list()->empty());
  CHECK(event.data.map()->size() == 12);
}

TEST_CASE("bytes that are no JSON are unusable") {
  const std::string cut = kLead.substr(0, kLead.size() - 5);
  check_all({
      {"nothing", "", "not_json"},
      {"blanks", " \n\t", "not_json"},
      {"a word", "hello", "not_json"},
      {"truncated", cut, "not_json"},
      {"truncated in a string", R"({"specversion":"1.0","id":"e)", "not_json"},
      {"text behind the object", kLead + "x", "not_json"},
      {"two objects", kLead + kLead, "not_json"},
      {"trailing comma", R"({"specversion":"1.0",})", "not_json"},
      {"single quotes", "{'specversion':'1.0'}", "not_json"},
      {"a comment", "{/* */}", "not_json"},
      {"key without quotes", "{specversion:1}", "not_json"},
      {"byte order mark", "\xEF\xBB\xBF" + kLead, "not_json"},
      {"UTF-16",
       std::string("{\0\"\0a\0\"\0:\0"
                   "1\0}\0",
                   14),
       "not_json"},
      {"NaN", event_of("lead.created", R"({"score":NaN})"), "not_json"},
      {"True", event_of("lead.created", R"({"x":True})"), "not_json"},
      {"lone high surrogate", event_of("lead.created", R"({"name":"\ud800"})"), "not_json"},
      {"high surrogate and a letter", event_of("lead.created", R"({"name":"\ud800x"})"), "not_json"},
      {"lone low surrogate", event_of("lead.created", R"({"name":"\udc00"})"), "not_json"},
      {"two high surrogates", event_of("lead.created", R"({"name":"\ud800\ud800"})"), "not_json"},
      {"unknown escape", event_of("lead.created", R"({"name":"\x41"})"), "not_json"},
      {"short escape", event_of("lead.created", R"({"name":"\u12"})"), "not_json"},
      {"raw line feed in a string", event_of("lead.created", "{\"name\":\"a\nb\"}"), "not_json"},
      {"raw NUL in a string", event_of("lead.created", std::string("{\"name\":\"a\0b\"}", 14)), "not_json"},
      {"NUL behind the object", kLead + std::string(1, '\0'), "not_json"},
      {"invalid UTF-8", event_of("lead.created", "{\"name\":\"\xFF\"}"), "invalid_utf8"},
      {"overlong UTF-8", event_of("lead.created", "{\"name\":\"\xC0\xAF\"}"), "invalid_utf8"},
      {"surrogate in UTF-8", event_of("lead.created", "{\"name\":\"\xED\xA0\x80\"}"), "invalid_utf8"},
      {"cut UTF-8", event_of("lead.created", "{\"name\":\"\xC3\"}"), "invalid_utf8"},
      {"Latin-1", event_of("lead.created", "{\"name\":\"Ren\xE9\"}"), "invalid_utf8"},
  });
}

TEST_CASE("numbers that are no JSON numbers, or that no double holds, are unusable") {
  for (const std::string number :
       {"01", "+1", ".5", "1.", "0x10", "1e", "--1", "1e400", "-1e999", "1_000", "-Infinity"}) {
    CAPTURE(number);
    const std::string code = read_code(event_of("page.viewed", R"({"x":)" + number + "}"));
    CHECK((code == "invalid_number" || code == "not_json"));
  }
}

TEST_CASE("bytes over the limits are unusable") {
  const std::string big(300'000, 'x');
  check_all({
      {"1 MiB", event_of("lead.created", R"({"name":")" + std::string(1 << 20, 'x') + "\"}"), "too_large"},
      {"just over 256 KiB", kLead + std::string(engine::kMaxEventBytes - kLead.size() + 1, ' '), "too_large"},
      {"exactly 256 KiB", kLead + std::string(engine::kMaxEventBytes - kLead.size(), ' '), "usable"},
      // The event and its data are two levels.
      {"depth 32", event_of("lead.created", R"({"x":)" + nested(30) + "}"), "usable"},
      {"depth 33", event_of("lead.created", R"({"x":)" + nested(31) + "}"), "too_deep"},
      {"depth 1000", event_of("lead.created", R"({"x":)" + nested(1000) + "}"), "too_deep"},
      {"depth 100,000", nested(100'000), "too_deep"},
      {"depth in an extension", event_with(R"("type":"lead.created","subject":"L-1","x":)" + nested(32)), "too_deep"},
  });
  std::string keys = "{";
  for (int i = 0; i < 1001; ++i) keys += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":1";
  CHECK(read_code(event_of("lead.created", keys + "}")) == "too_many_values");
  keys = "{";
  for (int i = 0; i < 1000; ++i) keys += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":1";
  CHECK(read_code(event_of("lead.created", keys + "}")) == "usable");
  CHECK(read_code(event_of("lead.created", keys + ",\"k500\":1}")) != "usable");
  std::string items = "[0";
  for (int i = 1; i < 10'001; ++i) items += ",0";
  CHECK(read_code(event_of("lead.created", R"({"x":)" + items + "]}")) == "too_many_values");
  std::string attributes;
  for (int i = 0; i < 101; ++i) attributes += ",\"x" + std::to_string(i) + "\":1";
  CHECK(read_code(event_with(R"("type":"lead.created","subject":"L-1")" + attributes)) == "too_many_values");
}

TEST_CASE("a key that stands twice makes an event unusable, at any level") {
  check_all({
      {"attribute", event_with(R"("type":"lead.created","subject":"L-1","subject":"L-2")"), "duplicate_key"},
      {"extension", event_with(R"("type":"lead.created","subject":"L-1","x":1,"x":1)"), "duplicate_key"},
      {"data twice", event_with(R"("type":"lead.created","subject":"L-1","data":{},"data":null)"), "duplicate_key"},
      {"in data", event_of("lead.created", R"({"a":1,"a":1})"), "duplicate_key"},
      {"written in another way", event_of("lead.created", R"({"a":1,"\u0061":1})"), "duplicate_key"},
      {"deep in data", event_of("lead.created", R"({"a":[{"b":{"c":1,"d":2,"c":3}}]})"), "duplicate_key"},
      {"in an extension's value", event_with(R"("type":"lead.created","subject":"L-1","x":{"a":1,"a":2})"),
       "duplicate_key"},
      {"empty keys", event_of("lead.created", R"({"":1,"":2})"), "duplicate_key"},
      {"same key at two levels", event_of("lead.created", R"({"a":{"a":{"a":1}},"b":{"a":1}})"), "usable"},
      {"similar keys", event_of("lead.created", R"({"axb":1,"ayb":1,"a.b":1,"ab":1,"":1})"), "usable"},
  });
  for (const int repeated : {0, 7, 15, 16, 17, 40}) {
    std::string data = "{";
    for (int i = 0; i < 41; ++i) data += "\"key" + std::to_string(i) + "\":1,";
    CHECK(read_code(event_of("lead.created", data + "\"key" + std::to_string(repeated) + "\":2}")) == "duplicate_key");
  }
}

TEST_CASE("JSON that is no CloudEvent of ours is unusable") {
  const std::string rest = R"("subject":"L-1","time":"2026-03-02T08:10:00Z")";
  const std::string long_id(257, 'x');
  check_all({
      {"an array", "[]", "not_cloudevent"},
      {"a string", "\"x\"", "not_cloudevent"},
      {"a number", "17", "not_cloudevent"},
      {"null", "null", "not_cloudevent"},
      {"an empty object", "{}", "not_cloudevent"},
      {"no specversion", R"({"id":"1","source":"s","type":"lead.created","subject":"L"})", "not_cloudevent"},
      {"specversion 0.3", R"({"specversion":"0.3","id":"1","source":"s","type":"lead.created","subject":"L"})",
       "not_cloudevent"},
      {"specversion as a number", R"({"specversion":1.0,"id":"1","source":"s","type":"lead.created","subject":"L"})",
       "not_cloudevent"},
      {"upper-case attribute", R"({"SpecVersion":"1.0","id":"1","source":"s","type":"lead.created","subject":"L"})",
       "not_cloudevent"},
      {"no id", R"({"specversion":"1.0","source":"s","type":"lead.created","subject":"L"})", "not_cloudevent"},
      {"empty id", R"({"specversion":"1.0","id":"","source":"s","type":"lead.created","subject":"L"})",
       "not_cloudevent"},
      {"numeric id", R"({"specversion":"1.0","id":17,"source":"s","type":"lead.created","subject":"L"})",
       "not_cloudevent"},
      {"NUL in id", R"({"specversion":"1.0","id":"a\u0000b","source":"s","type":"lead.created","subject":"L"})",
       "not_cloudevent"},
      {"line feed in id", R"({"specversion":"1.0","id":"a\nb","source":"s","type":"lead.created","subject":"L"})",
       "not_cloudevent"},
      {"C1 control in id", R"({"specversion":"1.0","id":"a\u0085b","source":"s","type":"lead.created","subject":"L"})",
       "not_cloudevent"},
      {"long id", R"({"specversion":"1.0","id":")" + long_id + R"(","source":"s","type":"lead.created","subject":"L"})",
       "not_cloudevent"},
      {"no source", R"({"specversion":"1.0","id":"1","type":"lead.created","subject":"L"})", "not_cloudevent"},
      {"empty source", R"({"specversion":"1.0","id":"1","source":"","type":"lead.created","subject":"L"})",
       "not_cloudevent"},
      {"no type", event_with(rest), "not_cloudevent"},
      {"empty type", event_with(rest + R"(,"type":"")"), "not_cloudevent"},
      {"null type", event_with(rest + R"(,"type":null)"), "not_cloudevent"},
      {"type as a list", event_with(rest + R"(,"type":["lead.created"])"), "not_cloudevent"},
      {"unknown type", event_with(rest + R"(,"type":"lead.exploded")"), "unknown_type"},
      {"type in another case", event_with(rest + R"(,"type":"Lead.Created")"), "unknown_type"},
      {"no subject", event_with(R"("type":"lead.created")"), "missing_subject"},
      {"empty subject", event_with(R"("type":"lead.created","subject":"")"), "missing_subject"},
      {"blank subject", event_with(R"("type":"lead.created","subject":"  ")"), "missing_subject"},
      {"null subject", event_with(R"("type":"lead.created","subject":null)"), "missing_subject"},
      {"numeric subject", event_with(R"("type":"lead.created","subject":17)"), "missing_subject"},
      {"tab in subject", event_with(R"("type":"lead.created","subject":"L\t1")"), "not_cloudevent"},
      {"long subject", event_with(R"("type":"lead.created","subject":")" + long_id + "\""), "not_cloudevent"},
      {"numeric partition key", event_with(R"("type":"lead.created","subject":"L","partitionkey":1)"),
       "not_cloudevent"},
      {"empty partition key", event_with(R"("type":"lead.created","subject":"L","partitionkey":"")"), "not_cloudevent"},
      {"null partition key", event_with(R"("type":"lead.created","subject":"L","partitionkey":null)"), "usable"},
      {"unknown extensions",
       event_with(R"("type":"lead.created","subject":"L","traceparent":"00-ab","Odd":1,"dataschema":"x:y","z":[1])"),
       "usable"},
  });
}

TEST_CASE("the message of an unknown type names the nearest known one, and quotes what came harmlessly") {
  const auto of_type = [](const std::string& type) {
    const auto result = EventReader().read(event_with(R"("subject":"L-1","type":")" + type + "\""), kArrived);
    REQUIRE(!result.has_value());
    CHECK(result.error().code == "unknown_type");
    return result.error().message;
  };
  CHECK(of_type("lead.craeted").find("did you mean lead.created?") != std::string::npos);
  CHECK(of_type("optout.recieved").find("did you mean optout.received?") != std::string::npos);
  CHECK(of_type("zzz").find("did you mean") == std::string::npos);
  CHECK(of_type(R"(a\u001b[31m\"\n)").find(R"("a\x1b[31m\x22\x0a")") != std::string::npos);
  CHECK(of_type(std::string(10'000, 'x')).size() < 200);
}

TEST_CASE("the time of an event is checked against the year 2000 and the clock") {
  const auto code_at = [](const std::string& time) {
    return read_code(event_with(R"("type":"lead.created","subject":"L-1","time":)" + time));
  };
  CHECK(code_at(R"("2026-03-02T08:15:00Z")") == "usable");
  CHECK(code_at(R"("2026-03-02T08:15:00.001Z")") == "time_ahead");
  CHECK(code_at(R"("2026-03-02T10:15:00+02:00")") == "usable");
  CHECK(code_at(R"("2000-01-01T00:00:00Z")") == "usable");
  CHECK(code_at(R"("1999-12-31T23:59:59.999Z")") == "time_too_old");
  CHECK(code_at(R"("2000-01-01T00:30:00+01:00")") == "time_too_old");
  CHECK(code_at(R"("9999-12-31T23:59:59Z")") == "time_ahead");
  for (const std::string time :
       {R"("yesterday")", R"("")", R"("2026-03-02")", R"("2026-03-02T08:10:00")", R"("2026-03-02 08:10:00Z")",
        R"("2026-02-30T08:10:00Z")", R"("2026-03-02T25:10:00Z")", R"(1772439000)", "true", "{}", "[]"}) {
    CAPTURE(time);
    CHECK(code_at(time) == "invalid_time");
  }
}

TEST_CASE("an event without a time happened when it arrived") {
  const std::string json = event_with(R"("type":"lead.created","subject":"L-1")");
  CHECK(read_event(json).time == kArrived);
  CHECK(read_event(event_with(R"("type":"lead.created","subject":"L-1","time":null)")).time == kArrived);
}

TEST_CASE("a simulation has no clock: every event needs its time, which may be any from 2000 on") {
  EventReader reader;
  CHECK(code_of(reader.read(event_with(R"("type":"lead.created","subject":"L-1")"), std::nullopt)) == "missing_time");
  CHECK(code_of(reader.read(event_with(R"("type":"lead.created","subject":"L-1","time":"2090-01-01T00:00:00Z")"),
                            std::nullopt)) == "usable");
}

TEST_CASE("data is a map, absent data an empty one") {
  const std::string rest = R"("type":"page.viewed","subject":"L-1")";
  for (const std::string data : {"", R"(,"data":null)", R"(,"data":{})", R"(,"data_base64":null)"}) {
    CAPTURE(data);
    const rules::Event event = read_event(event_with(rest + data));
    REQUIRE(event.data.map() != nullptr);
    CHECK(event.data.map()->empty());
  }
  for (const std::string data : {"[]", "1", "true", R"("text")", R"("{}")"}) {
    CAPTURE(data);
    CHECK(read_code(event_with(rest + R"(,"data":)" + data)) == "invalid_data");
  }
}

TEST_CASE("numbers keep their kind: int, else uint, else double") {
  const rules::Event event = read_event(
      event_of("page.viewed", R"({"int":9223372036854775807,"min":-9223372036854775808,"uint":9223372036854775808,)"
                              R"("most":18446744073709551615,"big":18446744073709551616,"small":-9223372036854775809,)"
                              R"("huge":123456789012345678901234567890,"one":1.0,"exponent":1e2,"zero":-0,)"
                              R"("text":"18446744073709551616, \"99999999999999999999999\""})"));
  const auto* data = &event.data;
  CHECK(*data->find("int")->get<std::int64_t>() == 9223372036854775807);
  CHECK(*data->find("min")->get<std::int64_t>() == std::numeric_limits<std::int64_t>::min());
  CHECK(*data->find("uint")->get<std::uint64_t>() == 9223372036854775808U);
  CHECK(*data->find("most")->get<std::uint64_t>() == 18446744073709551615U);
  CHECK(*data->find("big")->get<double>() == 18446744073709551616.0);
  CHECK(*data->find("small")->get<double>() == -9223372036854775808.0);
  CHECK(*data->find("huge")->get<double>() == 123456789012345678901234567890.0);
  CHECK(*data->find("one")->get<double>() == 1.0);
  CHECK(*data->find("exponent")->get<double>() == 100.0);
  CHECK(*data->find("zero")->get<std::int64_t>() == 0);
  CHECK(*data->find("text")->string() == R"(18446744073709551616, "99999999999999999999999")");
  CHECK(read_code(event_of("page.viewed", R"({"x":00000000000000000000000000001})")) != "usable");
}

TEST_CASE("strings, lists and maps of data are kept as they are") {
  const rules::Event event = read_event(
      event_of("page.viewed", R"({"s":"a\u0000\u00e9\ud83d\ude00","l":[1,"x",null,true,[]],"m":{"k":{"":1}}})"));
  CHECK(*event.data.find("s")->string() == std::string("a\0\xC3\xA9\xF0\x9F\x98\x80", 8));
  const auto* list = event.data.find("l")->list();
  REQUIRE(list->size() == 5);
  CHECK((*list)[2].is_null());
  CHECK(*(*list)[3].get<bool>());
  CHECK(event.data.find("m")->find("k")->find("") != nullptr);
}

TEST_CASE("data in base64 is read when it is JSON") {
  const std::string rest = R"("type":"page.viewed","subject":"L-1","data_base64":)";
  CHECK(read_event(event_with(rest + R"("eyJwYXRoIjoiL3ByaWNpbmcifQ==")")).text("path") == "/pricing");
  check_all({
      {"not base64", event_with(rest + R"("%%%")"), "invalid_data"},
      {"base64url", event_with(rest + R"("eyJ-_Q==")"), "invalid_data"},
      {"no padding", event_with(rest + R"("e30")"), "invalid_data"},
      {"not JSON", event_with(rest + R"("aGVsbG8=")"), "invalid_data"},
      {"a JSON array", event_with(rest + R"("W10=")"), "invalid_data"},
      {"nothing", event_with(rest + R"("")"), "invalid_data"},
      {"duplicate keys", event_with(rest + R"("eyJhIjoxLCJhIjoxfQ==")"), "duplicate_key"},
      {"a number", event_with(rest + "1"), "not_cloudevent"},
      {"both", event_with(rest + R"("e30=","data":{})"), "not_cloudevent"},
      {"an empty object", event_with(rest + R"("e30=")"), "usable"},
  });
}

TEST_CASE("data of another content type than JSON is unusable") {
  const auto code_of_type = [](const std::string& type) {
    return read_code(event_with(R"("type":"page.viewed","subject":"L-1","data":{},"datacontenttype":)" + type));
  };
  for (const std::string type : {R"("application/json")", R"("application/json; charset=utf-8")", R"("text/json")",
                                 R"("application/vnd.acme+json")", R"("Application/JSON ;a=b")", "null"}) {
    CAPTURE(type);
    CHECK(code_of_type(type) == "usable");
  }
  for (const std::string type : {R"("text/plain")", R"("application/xml")", R"("")", R"("json")", R"("+json")",
                                 R"("application/jsonx")", R"("application/cbor")"}) {
    CAPTURE(type);
    CHECK(code_of_type(type) == "invalid_data");
  }
  CHECK(code_of_type("1") == "not_cloudevent");
}

TEST_CASE("attributes that rules read have their types") {
  for (const std::string type : {"lead.created", "lead.updated"}) {
    for (const std::string data :
         {R"({"email":1})", R"({"email":["a@example.com"]})", R"({"phone":33612345678})", R"({"timezone":1})",
          R"({"country":33})", R"({"account":17})", R"({"flags":"vip"})", R"({"flags":["vip",1]})", R"({"tags":{}})",
          R"({"score":"20"})", R"({"score":true})", R"({"score":[]})"}) {
      CAPTURE(data);
      CHECK(read_code(event_of(type, data)) == "invalid_data");
    }
    for (const std::string data :
         {R"({"email":null,"phone":null,"flags":null,"tags":null,"score":null})", R"({"score":1.5})",
          R"({"flags":["vip"]})", R"({"email":""})", R"({"free":[1,{}]})"}) {
      CAPTURE(data);
      CHECK(read_code(event_of(type, data)) == "usable");
    }
  }
  CHECK(read_code(event_of("page.viewed", R"({"email":1,"score":"x"})")) == "usable");
}

TEST_CASE("an outcome is one that its channel knows") {
  for (const std::string data :
       {R"({"channel":"email","outcome":"sent"})", R"({"channel":"call","outcome":"refused"})",
        R"({"channel":"sms","outcome":"completed"})", R"({"channel":"sms","outcome":"refused"})",
        R"({"channel":"social","outcome":"refused"})", R"({"channel":"meeting","outcome":"failed"})",
        R"({"action":"a","outcome":"voicemail"})", R"({"channel":"email","outcome":"bounced","bounce":"hard"})",
        R"({"channel":"email","outcome":"bounced","bounce":"soft"})",
        R"({"channel":null,"outcome":"sent","bounce":null})"}) {
    CAPTURE(data);
    CHECK(read_code(event_of("touch.completed", data)) == "usable");
  }
  for (const std::string data :
       {R"({})", R"({"channel":"email"})", R"({"channel":"email","outcome":"connected"})",
        R"({"channel":"call","outcome":"sent"})", R"({"channel":"sms","outcome":"sent"})",
        R"({"channel":"email","outcome":"refused"})", R"({"channel":"email","outcome":"Sent"})",
        R"({"channel":"email","outcome":1})", R"({"channel":"fax","outcome":"completed"})",
        R"({"channel":"all","outcome":"completed"})", R"({"channel":1,"outcome":"completed"})",
        R"({"channel":"email","outcome":"bounced","bounce":"medium"})",
        R"({"channel":"email","outcome":"bounced","bounce":true})", R"({"action":1,"outcome":"sent"})"}) {
    CAPTURE(data);
    CHECK(read_code(event_of("touch.completed", data)) == "invalid_data");
  }
}

TEST_CASE("fields that an event is about must be there") {
  check_all({
      {"flag", event_of("flag.set", R"({"flag":"vip"})"), "usable"},
      {"no flag", event_of("flag.set", "{}"), "invalid_data"},
      {"flag as a number", event_of("flag.cleared", R"({"flag":1})"), "invalid_data"},
      {"empty flag", event_of("flag.cleared", R"({"flag":""})"), "invalid_data"},
      {"playbook", event_of("playbook.enroll", R"({"playbook":"smb"})"), "usable"},
      {"no playbook", event_of("playbook.enroll", R"({"by":"rep-7"})"), "invalid_data"},
      {"null playbook", event_of("playbook.enroll", R"({"playbook":null})"), "invalid_data"},
      {"pause of any playbook", event_of("playbook.pause", "{}"), "usable"},
      {"pause of playbook 1", event_of("playbook.pause", R"({"playbook":1})"), "invalid_data"},
      {"merge", event_of("lead.merged", R"({"into":"L-2"})"), "usable"},
      {"merge into nothing", event_of("lead.merged", "{}"), "invalid_data"},
      {"merge into itself", event_of("lead.merged", R"({"into":"L-1"})"), "invalid_data"},
      {"merge into a control character", event_of("lead.merged", R"({"into":"L\u0007"})"), "invalid_data"},
      {"reply on an unknown channel", event_of("touch.replied", R"({"channel":"pigeon"})"), "invalid_data"},
      {"click on an unknown channel", event_of("touch.clicked", R"({"channel":7})"), "invalid_data"},
      {"open", event_of("touch.opened", R"({"channel":"email"})"), "usable"},
      {"delivery without channel", event_of("touch.delivered", R"({"action":"a"})"), "usable"},
      {"resolution", event_of("escalation.resolved", R"({"channel":"call"})"), "usable"},
      {"resolution for an unknown channel", event_of("escalation.resolved", R"({"channel":"calls"})"), "invalid_data"},
      {"consent for all", event_of("consent.granted", R"({"channel":"all"})"), "usable"},
      {"consent for an unknown channel", event_of("consent.granted", R"({"channel":"mail"})"), "invalid_data"},
  });
}

TEST_CASE("an objection whose data cannot be read counts for all channels") {
  for (const std::string type : {"optout.received", "complaint.received", "consent.withdrawn", "erasure.requested"}) {
    for (const std::string data : {"[]", R"("please stop")", "7", "true", R"({"a":1,"a":2})"}) {
      CAPTURE(type);
      CAPTURE(data);
      CHECK(read_event(event_of(type, data)).text("channel") == "all");
    }
    const std::string head = R"("type":")" + type + R"(","subject":"L-1",)";
    CHECK(read_code(event_with(head + R"("data":"stop","datacontenttype":"text/plain")")) == "usable");
    CHECK(read_code(event_with(head + R"("data_base64":"***")")) == "usable");
  }
  CHECK(read_code(event_of("page.viewed", "[]")) == "invalid_data");
}

TEST_CASE("an opt-out whose channel cannot be read counts for all of them") {
  for (const std::string type : {"optout.received", "complaint.received", "consent.withdrawn"}) {
    for (const std::string channel : {R"("Email")", R"("phone")", "1", "[]", R"(["email"])", R"("")"}) {
      CAPTURE(type);
      CAPTURE(channel);
      const rules::Event event = read_event(event_of(type, R"({"intake":"link","channel":)" + channel + "}"));
      CHECK(event.text("channel") == "all");
      CHECK(event.text("intake") == "link");
    }
    CHECK(read_event(event_of(type, R"({"channel":"sms"})")).text("channel") == "sms");
    CHECK(read_event(event_of(type, "{}")).data.find("channel") == nullptr);
  }
}

TEST_CASE("no message repeats what stood in the data or in an id") {
  const std::string secret = "ada@example.com";
  for (const std::string& json :
       {event_of("lead.created", R"({"score":")" + secret + "\"}"), event_of("flag.set", "{\"" + secret + "\":1}"),
        event_of("lead.created", "{\"" + secret + "\":1,\"" + secret + "\":2}"),
        event_with(R"("type":"lead.created","subject":"ada@example.com\n")"),
        event_with(R"("type":"lead.created","subject":"L","time":"ada@example.com")"),
        event_with(R"("type":"lead.created","subject":"L","data":"ada@example.com")"),
        event_of("lead.created", R"({"email":"ada@example.com)"),
        event_with(R"("type":"lead.created","subject":"L","datacontenttype":"ada@example.com")"),
        event_of("touch.completed", R"({"channel":"ada@example.com","outcome":"ada@example.com"})")}) {
    CAPTURE(json);
    const auto result = EventReader().read(json, kArrived);
    REQUIRE(!result.has_value());
    CHECK(result.error().message.find("ada") == std::string::npos);
  }
}

TEST_CASE("a batch keeps its usable events and says what is wrong with the others") {
  const std::string bad = event_of("lead.exploded", "{}");
  const auto batch = EventReader().read_batch("[" + kLead + " ,\n" + bad + "," + kLead + ", 5 ]\n", kArrived);
  REQUIRE(batch.has_value());
  REQUIRE(batch->size() == 4);
  CHECK((*batch)[0].result.has_value());
  CHECK((*batch)[0].bytes.empty());
  CHECK(code_of((*batch)[1].result) == "unknown_type");
  CHECK((*batch)[1].bytes == bad);
  CHECK((*batch)[2].result.has_value());
  CHECK(code_of((*batch)[3].result) == "not_cloudevent");
  CHECK((*batch)[3].bytes == "5");
}

TEST_CASE("an element over the limits costs only itself") {
  const std::string deep = event_of("lead.created", R"({"x":)" + nested(500) + "}");
  const std::string large = event_of("lead.created", R"({"x":")" + std::string(300'000, 'x') + "\"}");
  const std::string latin = event_of("lead.created", "{\"name\":\"Ren\xE9\"}");
  const auto batch = EventReader().read_batch("[" + deep + "," + large + "," + latin + "," + kLead + "]", kArrived);
  REQUIRE(batch.has_value());
  CHECK(code_of((*batch)[0].result) == "too_deep");
  CHECK(code_of((*batch)[1].result) == "too_large");
  CHECK(code_of((*batch)[2].result) == "invalid_utf8");
  CHECK((*batch)[3].result.has_value());
}

TEST_CASE("what is no JSON array is no batch") {
  for (const std::string& json :
       {std::string(), std::string("{}"), kLead, "[" + kLead, "[" + kLead + ",]", "[," + kLead + "]",
        "[" + kLead + "]]", "[" + kLead + "] x", "[" + kLead + kLead + "]", std::string("[{\"a\":]}]"),
        std::string("["), std::string("]"), std::string("[}]"), std::string("[\"]"), "[" + kLead + ",{\"a\"}]"}) {
    CAPTURE(json);
    const auto batch = EventReader().read_batch(json, kArrived);
    REQUIRE(!batch.has_value());
    CHECK(batch.error().code == "not_json");
  }
  CHECK(EventReader().read_batch("[]", kArrived)->empty());
  CHECK(EventReader().read_batch(" [ ] ", kArrived)->empty());
}

TEST_CASE("a batch is bounded in events") {
  std::string json = "[0";
  for (std::size_t i = 1; i < engine::kMaxBatchEvents; ++i) json += ",0";
  CHECK(EventReader().read_batch(json + "]", kArrived)->size() == engine::kMaxBatchEvents);
  const auto more = EventReader().read_batch(json + ",0]", kArrived);
  REQUIRE(!more.has_value());
  CHECK(more.error().code == "too_many_events");
}

TEST_CASE("binary mode reads attributes from headers and data from the payload") {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  const Headers headers{{"specversion", "1.0"},   {"id", "e-1"},         {"source", "test"},
                        {"type", "lead.created"}, {"subject", "L-1"},    {"time", "2026-03-02T08:10:00Z"},
                        {"partitionkey", "acme"}, {"traceparent", "00"}, {"datacontenttype", "application/json"}};
  EventReader reader;
  const auto event = reader.read_binary(headers, R"({"email":"ada@example.com"})", kArrived);
  REQUIRE(event.has_value());
  CHECK(event->lead.value == "L-1");
  CHECK(event->partition_key == "acme");
  CHECK(event->text("email") == "ada@example.com");
  CHECK(reader.read_binary(headers, "", kArrived)->data.map()->empty());
  CHECK(code_of(reader.read_binary(headers, "[]", kArrived)) == "invalid_data");
  CHECK(code_of(reader.read_binary(headers, "{", kArrived)) == "invalid_data");
  CHECK(code_of(reader.read_binary(headers, R"({"score":"x"})", kArrived)) == "invalid_data");
  CHECK(code_of(reader.read_binary(headers, "{\"x\":\"" + std::string(300'000, 'x') + "\"}", kArrived)) == "too_large");

  const auto with = [&](const std::string& name, const std::string& value) {
    Headers changed = headers;
    for (auto& [known, old] : changed) {
      if (known == name) old = value;
    }
    return code_of(reader.read_binary(changed, "{}", kArrived));
  };
  CHECK(with("specversion", "0.3") == "not_cloudevent");
  CHECK(with("id", std::string("a\0b", 3)) == "not_cloudevent");
  CHECK(with("subject", "") == "missing_subject");
  CHECK(with("subject", "\xFF") == "invalid_utf8");
  CHECK(with("type", "lead.exploded") == "unknown_type");
  CHECK(with("time", "now") == "invalid_time");
  CHECK(with("datacontenttype", "text/plain") == "invalid_data");
  Headers twice = headers;
  twice.emplace_back("subject", "L-2");
  CHECK(code_of(reader.read_binary(twice, "{}", kArrived)) == "duplicate_key");
  CHECK(code_of(reader.read_binary({}, "{}", kArrived)) == "not_cloudevent");
}

TEST_CASE("every type of the contract is read") {
  for (const std::string_view type : rules::event_type_names()) {
    CAPTURE(type);
    const rules::Event event = read_event(event_of(
        std::string(type), R"({"flag":"vip","playbook":"smb","into":"L-9","outcome":"failed","channel":"email"})"));
    CHECK(to_string(event.type) == type);
  }
}

TEST_CASE("base64 has one text for every value") {
  CHECK(engine::decode_base64("") == "");
  CHECK(engine::decode_base64("Zg==") == "f");
  CHECK(engine::decode_base64("Zm8=") == "fo");
  CHECK(engine::decode_base64("Zm9v") == "foo");
  CHECK(engine::decode_base64("+/+/") == "\xFB\xFF\xBF");
  for (const std::string text :
       {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "=", "====", "Zg==Zg==", "Zm 9v", "Zm9v\n"}) {
    CAPTURE(text);
    CHECK(!engine::decode_base64(text).has_value());
  }
}
