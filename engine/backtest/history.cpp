#include "engine/backtest/history.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include "engine/intake/jsonl_reader.h"
#include "engine/simulate/hash_index.h"
#include "rules/address.h"

namespace relance::engine {

using rules::Event;
using rules::Instant;
using rules::LeadId;

namespace {

/// Numbers that are written in several ways end alike. Few people share these who do not share the number.
constexpr std::size_t kLastDigits = 8;

std::string last_digits(std::string_view text) {
  std::string digits;
  for (auto c = text.rbegin(); c != text.rend() && digits.size() < kLastDigits; ++c) {
    if (*c >= '0' && *c <= '9') digits.push_back(*c);
  }
  return digits;
}

std::uint64_t digest_of(std::string_view line) { return std::hash<std::string_view>{}(line); }

std::string failed(std::string_view what, const std::string& path) {
  const std::string reason = std::generic_category().message(errno != 0 ? errno : EIO);
  return "cannot " + std::string(what) + " " + path + " a second time: " + reason;
}

class HistoryBuilder {
 public:
  HistoryBuilder(std::string path, bool by_owner) : by_owner_(by_owner) { history_.path = std::move(path); }

  void refuse() { ++history_.dead_letters; }

  void add(const Event& event, const JsonlLine& line) {
    ++history_.events;
    key_.assign(event.source).append(1, '\0').append(event.id);
    if (!seen_.insert(fingerprint_of(key_))) return;
    clock_ = std::max(clock_, event.time);
    const std::uint32_t lead = number_of(event.lead);
    history_.entries.push_back(
        {line.begin, digest_of(line.text), static_cast<std::uint32_t>(line.text.size()), lead, clock_});
    const std::string_view account = event.partition_key ? *event.partition_key : event.text("account");
    if (!account.empty()) share(lead, NameKind::account, account);
    if (event.type == rules::EventType::lead_merged) {
      const std::string_view into = event.text("into");
      if (!into.empty()) history_.coupling.couple(lead, number_of(LeadId(std::string(into))));
    }
    if (const auto email = rules::Address::email(event.text("email"))) share(lead, NameKind::email, email->reveal());
    if (const std::string_view phone = event.text("phone"); !phone.empty()) {
      const std::string digits = last_digits(phone);
      share(lead, NameKind::phone, digits.empty() ? phone : digits);
    }
    if (by_owner_ && !event.text("owner").empty()) share(lead, NameKind::owner, event.text("owner"));
  }

  bool is_full() const { return history_.entries.size() == std::numeric_limits<std::uint32_t>::max(); }
  History take() { return std::move(history_); }

 private:
  std::uint32_t number_of(const LeadId& id) {
    const std::uint32_t number = history_.leads.add(id);
    history_.coupling.grow(history_.leads.size());
    return number;
  }

  void share(std::uint32_t lead, NameKind kind, std::string_view text) {
    history_.coupling.couple(lead, named_.first_under(name_of(kind, text), lead));
  }

  bool by_owner_;
  History history_;
  NamedLeads named_;
  FingerprintSet seen_;
  std::string key_;  // reused
  Instant clock_ = Instant::earliest();
};

}  // namespace

tl::expected<History, std::string> read_history(const std::string& path,
                                                const std::function<void(const std::string&)>& dead_letter,
                                                bool by_owner) {
  std::error_code failed_to_ask;
  if (const auto kind = std::filesystem::status(path, failed_to_ask).type();
      kind != std::filesystem::file_type::regular && kind != std::filesystem::file_type::not_found)
    return tl::unexpected(path + " is no file: events are read more than once, so write them to a file first");
  HistoryBuilder builder(path, by_owner);
  EventReader reader;
  const auto read = for_each_line(path, 0, [&](const JsonlLine& line) {
    const auto refuse = [&](const std::string& why) {
      builder.refuse();
      if (dead_letter) dead_letter(path + ":" + std::to_string(line.number) + ": dead letter: " + why);
      return true;
    };
    if (line.too_long) return refuse("too_large: the line is over 256 KiB");
    const auto event = reader.read(line.text, std::nullopt);
    if (!event) return refuse(reason_of(event.error()));
    builder.add(*event, line);
    return !builder.is_full();
  });
  if (!read) return tl::unexpected(read.error().message);
  if (builder.is_full()) return tl::unexpected(path + " has over 4 billion events: give a part of it");
  return builder.take();
}

tl::expected<EventLines, std::string> EventLines::open(const History& history) {
  errno = 0;
  std::FILE* file = std::fopen(history.path.c_str(), "rb");
  if (file == nullptr) return tl::unexpected(failed("open", history.path));
  return EventLines(history, file);
}

tl::expected<Event, std::string> EventLines::read(const History::Entry& entry) {
  line_.resize(entry.size);
  std::size_t got = 0;
  while (got < line_.size()) {
    const ssize_t more =
        ::pread(fileno(file_.get()), line_.data() + got, line_.size() - got, entry.begin + static_cast<off_t>(got));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return tl::unexpected(failed("read", history_->path));
    if (more == 0) break;
    got += static_cast<std::size_t>(more);
  }
  line_.resize(got);
  auto event = reader_.read(line_, std::nullopt);
  if (!event || digest_of(line_) != entry.digest)
    return tl::unexpected(history_->path + " was changed while it was read: give a file that nobody writes to");
  return std::move(*event);
}

}  // namespace relance::engine
