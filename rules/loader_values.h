#pragma once
// Single values of the playbook language, read from their text as their declared type. Every function either gives the
// value, or reports what was expected and what was got and gives nothing. Internal to the loader. One thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "rules/loader_keys.h"
#include "rules/loader_report.h"
#include "rules/playbook.h"
#include "rules/yaml_node.h"

namespace relance::rules {

/// One value and how messages name it: "steps[2].expires".
struct Field {
  const YamlNode* node;
  std::string path;
};

/// A playbook that the file sends leads to, and where it says so.
struct NamedPlaybook {
  PlaybookId id;
  Finding place;  // no finding yet
};

/// What the readers of one file share.
struct LoadContext {
  Report& report;
  const House& house;
  /// The text of a file beside the one that is read, or one sentence why not.
  std::function<tl::expected<std::string, std::string>(const std::string& name)> read_beside;
  /// Where the file speaks of business days, which only contact hours explain.
  std::vector<Field> business_days{};
  /// Every `to` that recycles.
  std::vector<NamedPlaybook> recycled{};
};

/// A map of the language while it is read. Reports unknown and missing keys when it is made.
class Block {
 public:
  Block(LoadContext& context, const Field& field, const BlockSpec& spec);
  /// False when there is something else than a map (reported).
  bool is_map() const { return node_->is_map(); }
  bool has(std::string_view key) const;
  /// The value of a key of the block's table; nullopt when it is absent. Asking for a key that the table lacks is our
  /// own mistake.
  std::optional<Field> get(std::string_view key) const;
  const TextPosition& position() const { return node_->position; }
  /// Where the key stands; the block when it is absent.
  const TextPosition& position_of(std::string_view key) const;
  const std::string& path() const { return path_; }

 private:
  std::string path_of(std::string_view key) const;
  void check_keys(LoadContext& context) const;

  const YamlNode* node_;
  std::string path_;
  const BlockSpec& spec_;
};

/// "got" of a message: a list, a map, nothing, or the text as it stands there.
std::string describe(const YamlNode& node);
void report(LoadContext& context, const Field& field, std::string rule, std::string text, std::string suggestion = {});

/// The items of a list of 1 to `most`; nothing when it is another thing, empty or too long.
std::optional<std::vector<Field>> read_list(LoadContext& context, const Field& field, std::string_view expected,
                                            int most);
/// The same, for lists that stop nothing when they are empty: no caps, no holidays, no exceptions.
std::optional<std::vector<Field>> read_list_or_empty(LoadContext& context, const Field& field,
                                                     std::string_view expected, int most);
/// A list, or a single value as a list of one.
std::optional<std::vector<Field>> read_one_or_list(LoadContext& context, const Field& field, std::string_view expected,
                                                   int most);

/// One entry of a map whose keys the author chooses.
struct Entry : Field {
  std::string key;
  TextPosition key_position;
};
/// The entries of a map of 1 to `most`; none when it is another thing, empty or too long (reported).
std::vector<Entry> read_entries(LoadContext& context, const Field& field, std::string_view expected, int most);

struct IntegerBounds {
  int least = 0;
  int most = kHighestCount;
  bool zero_stops = false;  // 0 gets its own message
};
std::optional<int> read_integer(LoadContext& context, const Field& field, const IntegerBounds& bounds);
std::optional<Span> read_span(LoadContext& context, const Field& field);
std::optional<Span> read_positive_span(LoadContext& context, const Field& field);
/// `75%` as parts per million, between 0 and 100 % exclusive.
std::optional<std::int32_t> read_rate(LoadContext& context, const Field& field);
std::optional<LocalTime> read_time_of_day(LoadContext& context, const Field& field);
std::optional<LocalDate> read_date(LoadContext& context, const Field& field);
std::optional<Zone> read_zone(LoadContext& context, const Field& field);
std::optional<Channel> read_channel(LoadContext& context, const Field& field);
std::optional<std::string> read_playbook_id(LoadContext& context, const Field& field);
std::optional<std::string> read_step_id(LoadContext& context, const Field& field);
/// One line of 1 to kLongestText bytes.
std::optional<std::string> read_line(LoadContext& context, const Field& field);
std::optional<std::string> read_template_name(LoadContext& context, const Field& field);
/// The index of the word in `words`.
std::optional<std::size_t> read_word(LoadContext& context, const Field& field, std::span<const std::string_view> words);
std::optional<std::string> read_text(LoadContext& context, const Field& field, std::string_view expected);
std::optional<std::vector<EventType>> read_event_types(LoadContext& context, const Field& field);
/// A condition that may be a bool; compile errors are reported where they stand in the file.
std::optional<Condition> read_condition(LoadContext& context, const Field& field);

/// `did you mean ...?`, or the words there are when none is near.
std::string suggest(std::string_view name, std::span<const std::string_view> known);

}  // namespace relance::rules
