#include "engine/intake/event_reader.h"

#include <array>
#include <cctype>
#include <cstdint>

#include "engine/intake/base64.h"
#include "engine/intake/batch_splitter.h"
#include "engine/intake/event_data.h"
#include "engine/intake/json_data.h"
#include "engine/intake/name_set.h"
#include "rules/ascii.h"
#include "rules/nearest_name.h"

namespace relance::engine {

namespace {

namespace cel = rules::cel;
namespace dom = simdjson::dom;
using rules::Event;
using rules::EventType;
using rules::Instant;
using Checked = tl::expected<void, Unusable>;

constexpr Instant kEarliestTime{946'684'800'000};  // 2000-01-01T00:00:00Z
constexpr std::size_t kMaxAttributes = 100;

/// The context attributes that mean something here. Those that are absent are nullopt; JSON null is absent, too.
struct Attributes {
  std::optional<std::string_view> specversion, id, source, type, subject, partitionkey, time, datacontenttype;

  /// Where the attribute of that name belongs, nullptr for names that the engine does not know.
  std::optional<std::string_view>* find(std::string_view name) {
    switch (name.size()) {
      case 2:
        return name == "id" ? &id : nullptr;
      case 4:
        return name == "type" ? &type : name == "time" ? &time : nullptr;
      case 6:
        return name == "source" ? &source : nullptr;
      case 7:
        return name == "subject" ? &subject : nullptr;
      case 11:
        return name == "specversion" ? &specversion : nullptr;
      case 12:
        return name == "partitionkey" ? &partitionkey : nullptr;
      case 15:
        return name == "datacontenttype" ? &datacontenttype : nullptr;
      default:
        return nullptr;
    }
  }
};

/// At most 64 octets of a text from outside, printable ASCII; everything else as \xNN.
std::string quoted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text.substr(0, 64)) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= 0x20 && octet < 0x7F && c != '"' && c != '\\') {
      out += c;
    } else {
      out.append("\\x").append(1, kHex[octet >> 4U]).append(1, kHex[octet & 0xFU]);
    }
  }
  return out + (text.size() > 64 ? "...\"" : "\"");
}

Unusable too_large(std::size_t bytes) {
  return {"too_large", "expected at most " + std::to_string(kMaxEventBytes) + " octets, got " + std::to_string(bytes)};
}

Checked check_identifier(std::string_view name, const std::optional<std::string_view>& value) {
  if (value && is_identifier(*value)) return {};
  return unusable("not_cloudevent", "expected `" + std::string(name) + "` to be a text of 1 to " +
                                        std::to_string(kMaxIdBytes) + " octets without control characters, got " +
                                        (value && !value->empty() ? "another one" : "none"));
}

tl::expected<rules::EventType, Unusable> read_type(const std::optional<std::string_view>& name) {
  if (!name || name->empty()) return unusable("not_cloudevent", "expected a text `type`, got none");
  if (const auto type = rules::parse_event_type(*name)) return *type;
  std::string message = "expected a known event type, got " + quoted(*name);
  if (const auto nearest = rules::nearest_name(*name, rules::event_type_names())) {
    message.append("; did you mean ").append(*nearest).append("?");
  }
  return unusable("unknown_type", std::move(message));
}

tl::expected<Instant, Unusable> read_time(const std::optional<std::string_view>& text, std::optional<Instant> clock) {
  if (!text) {
    if (clock) return *clock;
    return unusable("missing_time", "expected a `time`, which drives the clock here, got none");
  }
  const auto time = rules::parse_rfc3339(*text);
  if (!time)
    return unusable("invalid_time", "expected `time` as RFC 3339 date and time with an offset, got another text");
  if (*time < kEarliestTime)
    return unusable("time_too_old", "expected a `time` from the year 2000 on, got an earlier one");
  if (clock && *time > *clock + kMaxAhead) {
    return unusable("time_ahead", "expected a `time` at most 5 minutes ahead of the clock, got a later one");
  }
  return *time;
}

/// application/json, text/json and everything that ends in +json, whatever the parameters.
bool is_json_type(std::string_view content_type) {
  const std::string type = rules::lowered(rules::trimmed(content_type.substr(0, content_type.find(';'))));
  return type == "application/json" || type == "text/json" || (type.ends_with("+json") && type.find('/') < type.size());
}

/// Everything but the data.
Checked read_envelope(const Attributes& attributes, std::optional<Instant> clock, Event& event) {
  if (attributes.specversion != "1.0") {
    return unusable("not_cloudevent", attributes.specversion ? "expected `specversion` 1.0, got another one"
                                                             : "expected `specversion` 1.0, got none");
  }
  if (auto checked = check_identifier("id", attributes.id); !checked) return checked;
  if (auto checked = check_identifier("source", attributes.source); !checked) return checked;
  const auto type = read_type(attributes.type);
  if (!type) return tl::unexpected(type.error());
  if (!attributes.subject || attributes.subject->find_first_not_of(' ') == std::string_view::npos) {
    return unusable("missing_subject", "expected the lead's id in `subject`, got none");
  }
  if (auto checked = check_identifier("subject", attributes.subject); !checked) return checked;
  if (attributes.partitionkey) {
    if (auto checked = check_identifier("partitionkey", attributes.partitionkey); !checked) return checked;
    event.partition_key.emplace(*attributes.partitionkey);
  }
  const auto time = read_time(attributes.time, clock);
  if (!time) return tl::unexpected(time.error());
  event.id = *attributes.id;
  event.source = *attributes.source;
  event.type = *type;
  event.lead.value = *attributes.subject;
  event.time = *time;
  return {};
}

cel::Value empty_map() {
  static const cel::Value* const kEmpty = new cel::Value(cel::Map{});
  return *kEmpty;
}

/// The members of a structured event.
struct Members {
  Attributes attributes;
  std::optional<dom::element> data;
  std::optional<std::string_view> data_base64;
};

Checked read_member(std::string_view name, dom::element value, Members& members) {
  if (name == "data") {
    if (!value.is_null()) members.data = value;
    return {};
  }
  std::optional<std::string_view>* attribute =
      name == "data_base64" ? &members.data_base64 : members.attributes.find(name);
  if (attribute == nullptr) {
    // Not ours to read, but a text that says two things at once says nothing, however deep.
    if (!value.is_object() && !value.is_array()) return {};
    const auto converted = to_value(value, 1);
    if (!converted) return tl::unexpected(converted.error());
    return {};
  }
  if (value.is_null()) return {};  // JSON format, 2.2: the same as absent
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) {
    const std::string code = name == "time" ? "invalid_time" : name == "subject" ? "missing_subject" : "not_cloudevent";
    return unusable(code, "expected `" + std::string(name) + "` to be a text, got another kind of value");
  }
  *attribute = text;
  return {};
}

Checked read_members(dom::object object, Members& members) {
  if (object.size() > kMaxAttributes) {
    return unusable("too_many_values", "expected at most " + std::to_string(kMaxAttributes) + " attributes, got more");
  }
  NameSet names;
  for (const auto field : object) {
    if (!names.add(field.key)) return unusable("duplicate_key", "expected every attribute once, got one twice");
    if (auto checked = read_member(field.key, field.value, members); !checked) return checked;
  }
  return {};
}

bool is_objection(EventType type) {
  return type == EventType::optout_received || type == EventType::complaint_received ||
         type == EventType::consent_withdrawn || type == EventType::erasure_requested;
}

/// What a person objects to needs nothing from the data but perhaps a channel. A dead letter would let the next message
/// go out: an objection whose data cannot be read counts, and for all channels.
Checked unless_objection(Checked checked, Event& event) {
  if (checked || !is_objection(event.type)) return checked;
  cel::Map all;
  all.emplace_back(cel::Value("channel"), cel::Value("all"));
  event.data = cel::Value(std::move(all));
  return {};
}

Checked check_content_type(const Attributes& attributes) {
  if (!attributes.datacontenttype || is_json_type(*attributes.datacontenttype)) return {};
  return unusable("invalid_data", "expected JSON data, got another `datacontenttype`");
}

Checked read_data(dom::element element, std::size_t depth, Event& event) {
  if (!element.is_object()) {
    return unusable("invalid_data", "expected `data` to be an object, got another kind of value");
  }
  auto value = to_value(element, depth);
  if (!value) return tl::unexpected(std::move(value.error()));
  event.data = *std::move(value);
  return {};
}

}  // namespace

struct EventReader::Parser {
  JsonParser json;

  Checked read(std::string_view text, std::optional<Instant> clock, Event& event);
  Checked read_binary(const std::vector<std::pair<std::string, std::string>>& attributes, std::string_view data,
                      std::optional<Instant> clock, Event& event);
  Checked read_payload(const Members& members, Event& event);
  /// The data as a JSON text of its own.
  Checked read_data_text(std::string_view text, Event& event);
};

Checked EventReader::Parser::read_data_text(std::string_view text, Event& event) {
  const auto element = json.parse(text);
  if (!element) return unusable("invalid_data", "expected JSON data, got a problem: " + reason_of(element.error()));
  return read_data(*element, 0, event);
}

Checked EventReader::Parser::read(std::string_view text, std::optional<Instant> clock, Event& event) {
  if (text.size() > kMaxEventBytes) return tl::unexpected(too_large(text.size()));
  const auto root = json.parse(text);
  if (!root) return tl::unexpected(root.error());
  dom::object object;
  if (root->get(object) != simdjson::SUCCESS) {
    return unusable("not_cloudevent", "expected a JSON object, got another kind of value");
  }
  Members members;
  if (auto checked = read_members(object, members); !checked) return checked;
  if (auto checked = read_envelope(members.attributes, clock, event); !checked) return checked;
  if (members.data && members.data_base64) {
    return unusable("not_cloudevent", "expected either `data` or `data_base64`, got both");
  }
  if (auto checked = unless_objection(read_payload(members, event), event); !checked) return checked;
  return check_data(event);
}

Checked EventReader::Parser::read_payload(const Members& members, Event& event) {
  if (auto checked = check_content_type(members.attributes); !checked) return checked;
  if (members.data) return read_data(*members.data, 1, event);
  if (members.data_base64) {
    const auto octets = decode_base64(*members.data_base64);
    if (!octets) return unusable("invalid_data", "expected `data_base64` in base64, got another text");
    return read_data_text(*octets, event);
  }
  event.data = empty_map();
  return {};
}

Checked EventReader::Parser::read_binary(const std::vector<std::pair<std::string, std::string>>& attributes,
                                         std::string_view data, std::optional<Instant> clock, Event& event) {
  std::size_t bytes = data.size();
  for (const auto& [name, value] : attributes) bytes += name.size() + value.size();
  if (bytes > kMaxEventBytes) return tl::unexpected(too_large(bytes));
  Attributes known;
  for (const auto& [name, value] : attributes) {
    if (!simdjson::validate_utf8(value.data(), value.size())) {
      return unusable("invalid_utf8", "expected attributes in UTF-8, got octets that are none");
    }
    std::optional<std::string_view>* attribute = known.find(name);
    if (attribute == nullptr) continue;
    if (*attribute) return unusable("duplicate_key", "expected every attribute once, got one twice");
    *attribute = value;
  }
  if (auto checked = read_envelope(known, clock, event); !checked) return checked;
  const auto read_payload = [&]() -> Checked {
    if (auto checked = check_content_type(known); !checked) return checked;
    if (!data.empty()) return read_data_text(data, event);
    event.data = empty_map();
    return {};
  };
  if (auto checked = unless_objection(read_payload(), event); !checked) return checked;
  return check_data(event);
}

EventReader::EventReader() : parser_(std::make_unique<Parser>()) {}
EventReader::~EventReader() = default;
EventReader::EventReader(EventReader&&) noexcept = default;
EventReader& EventReader::operator=(EventReader&&) noexcept = default;

tl::expected<Event, Unusable> EventReader::read(std::string_view json, std::optional<Instant> clock) {
  tl::expected<Event, Unusable> result;
  if (auto checked = parser_->read(json, clock, *result); !checked) result = tl::unexpected(std::move(checked.error()));
  return result;
}

tl::expected<std::vector<EventReader::Element>, Unusable> EventReader::read_batch(std::string_view json,
                                                                                  std::optional<Instant> clock) {
  const auto parts = split_json_array(json, kMaxBatchEvents);
  if (!parts) return tl::unexpected(parts.error());
  std::vector<Element> elements;
  elements.reserve(parts->size());
  for (const std::string_view part : *parts) {
    Element element{read(part, clock), {}};
    if (!element.result) {
      // One syntax error and nothing says where elements begin and end: better no event than a wrong one.
      if (element.result.error().code == "not_json") return tl::unexpected(element.result.error());
      element.bytes = part;
    }
    elements.push_back(std::move(element));
  }
  return elements;
}

tl::expected<Event, Unusable> EventReader::read_binary(
    const std::vector<std::pair<std::string, std::string>>& attributes, std::string_view data,
    std::optional<Instant> clock) {
  tl::expected<Event, Unusable> result;
  if (auto checked = parser_->read_binary(attributes, data, clock, *result); !checked) {
    result = tl::unexpected(std::move(checked.error()));
  }
  return result;
}

}  // namespace relance::engine
