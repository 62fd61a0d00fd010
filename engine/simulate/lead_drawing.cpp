#include "engine/simulate/lead_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/simulate/html_text.h"
#include "engine/simulate/timeline.h"
#include "rules/contact_hours.h"

namespace relance::engine {

using rules::Instant;
using rules::Record;
using rules::RecordType;

namespace {

// The drawing's units.
constexpr double kLeft = 170;   // names of lanes
constexpr double kRight = 990;  // end of the time line
constexpr double kLane = 22;
constexpr double kTop = 24;  // dates
constexpr double kLetterRoom = 12;
constexpr int kMostTicks = 12;
constexpr int kMostWindows = 200;
constexpr std::size_t kLongestName = 24;
constexpr std::string_view kStepIndent = "  ";  // no playbook's name begins like that

const std::vector<RuleFamily> kRuleFamilies{
    {"cap", "C", "a cap is full"},
    {"hours", "H", "outside contact hours"},
    {"cooldown", "K", "cool-down"},
    {"spacing", "S", "spacing of days"},
    {"hold", "E", "escalation, halt or pause holds"},
    {"policy", "P", "a policy pack"},
    {"owner", "A", "the owner is absent"},
    {"throttle", "T", "the owner has no room"},
    {"other", "o", "another rule"},
};

/// What stands in a lane from one instant to another.
struct Bar {
  std::string css;
  Instant from;
  Instant to;
  std::string letter;
  std::string title;
};
struct Mark {
  enum class Shape { touch, withheld, skipped, cancelled, flag };
  Shape shape = Shape::touch;
  std::string css;
  Instant at;
  std::string title;
};
struct Lane {
  std::string name;
  std::vector<Bar> bars;
  std::vector<Mark> marks;
};

/// UTF-8 cut between characters.
std::string shortened(const std::string& text) {
  if (text.size() <= kLongestName) return text;
  std::size_t end = kLongestName - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "\xE2\x80\xA6";
}

class GanttDrawing {
 public:
  GanttDrawing(const LeadStory& story, std::size_t number) : story_(story), number_(number) {
    begin_ = story.records.front().at;
    end_ = begin_;
    for (const Record& record : story.records) place(record);
    close_open_bars();
    // Whole local days.
    begin_ = story.zone.midnight(story.zone.local_date(begin_));
    end_ = story.zone.midnight(story.zone.local_date(end_) + 1);
  }

  std::string svg() const {
    const double height = kTop + kLane * static_cast<double>(lanes_.size()) + 6;
    std::string out = fmt::format(
        "<svg viewBox=\"0 0 1000 {:.0f}\" role=\"img\" aria-labelledby=\"t{} d{}\"><title id=\"t{}\">{}</title>"
        "<desc id=\"d{}\">The table below has the same in words.</desc>\n",
        height, number_, number_, number_, html("Time line of lead " + story_.lead), number_);
    append_hours(out, height);
    append_ticks(out, height);
    for (std::size_t i = 0; i < lanes_.size(); ++i) append_lane(out, lanes_[i], i);
    return out + "</svg>\n";
  }

 private:
  std::string local(Instant at) const { return local_text(at, story_.zone); }
  void include(Instant at) { end_ = std::max(end_, at); }

  Lane& lane(const std::string& name) {
    for (Lane& known : lanes_) {
      if (known.name == name) return known;
    }
    lanes_.push_back({name, {}, {}});
    return lanes_.back();
  }
  std::string playbook_lane(const Record& record) const {
    return record.playbook ? std::string(record.playbook->value) : std::string("lead");
  }
  Lane& step_lane(const Record& record) {
    std::string name(kStepIndent);
    name += record.step ? std::string_view(record.step->value) : std::string_view("touch");
    return lane(name);
  }

  void open(const std::string& key, Lane& where, Bar bar) {
    open_[key] = {where.name, where.bars.size()};
    where.bars.push_back(std::move(bar));
  }
  void close(const std::string& key, Instant at) {
    const auto found = open_.find(key);
    if (found == open_.end()) return;
    lane(found->second.first).bars[found->second.second].to = at;
    open_.erase(found);
  }

  /// Whoever left waits for no deferral any more.
  void give_up_steps(Instant at) {
    for (auto open = open_.begin(); open != open_.end();) {
      if (!open->first.starts_with(kStepIndent)) {
        ++open;
        continue;
      }
      Bar& bar = lane(open->second.first).bars[open->second.second];
      bar.to = bar.to > bar.from ? std::min(bar.to, at) : at;  // held: without an end
      open = open_.erase(open);
    }
  }

  std::string title(const Record& record) const { return local(record.at) + ": " + rules::sentence(record); }

  void place(const Record& record) {
    include(record.at);
    const std::string playbook = playbook_lane(record);
    switch (record.type) {
      case RecordType::lead_enrolled:
        open("enrollment " + playbook, lane(playbook), {"enrolled", record.at, record.at, "", title(record)});
        place_promise(record, playbook);
        break;
      case RecordType::lead_exited:
        close("enrollment " + playbook, record.at);
        close("pause " + playbook, record.at);
        give_up_steps(record.at);
        lane(playbook).marks.push_back({Mark::Shape::flag, "exit", record.at, title(record)});
        break;
      case RecordType::lead_paused:
        close("pause " + playbook, record.at);
        open("pause " + playbook, lane(playbook), {"pause", record.at, record.at, "P", title(record)});
        break;
      case RecordType::lead_resumed:
        close("pause " + playbook, record.at);
        break;
      case RecordType::cool_down_started:
        open("cool-down", lane("cool-down"), {"cooldown", record.at, record.at, "K", title(record)});
        break;
      case RecordType::cool_down_ended:
        close("cool-down", record.at);
        break;
      case RecordType::touch_deferred:
      case RecordType::touch_emitted:
      case RecordType::touch_withheld:
      case RecordType::touch_skipped:
      case RecordType::touch_cancelled:
        place_touch(record);
        break;
      case RecordType::sla_met:
        lane(playbook).marks.push_back({Mark::Shape::flag, "good", record.at, title(record)});
        break;
      case RecordType::sla_at_risk:
      case RecordType::sla_breached:
      case RecordType::touches_shortfall:
      case RecordType::lead_escalated:
        lane(playbook).marks.push_back({Mark::Shape::flag, "bad", record.at, title(record)});
        break;
      case RecordType::opt_out_effective:
      case RecordType::suppression_added:
        lane("consent").marks.push_back({Mark::Shape::flag, "bad", record.at, title(record)});
        break;
      default:
        break;  // in the table
    }
  }

  void place_promise(const Record& record, const std::string& playbook) {
    for (const LeadStory::Promise& promise : story_.promises) {
      if (promise.started > record.at || promise.deadline < record.at || promise.deadline == Instant::never()) continue;
      lane(playbook).bars.push_back(
          {"sla", promise.started, promise.deadline, "", "First touch promised until " + local(promise.deadline)});
      include(promise.deadline);
      begin_ = std::min(begin_, promise.started);
      return;
    }
  }

  void place_touch(const Record& record) {
    Lane& where = step_lane(record);
    const std::string key = where.name;
    close(key, record.at);
    switch (record.type) {
      case RecordType::touch_deferred: {
        const RuleFamily& family = family_of(std::string_view(record.rule));
        open(key, where, {family.css, record.at, record.until.value_or(record.at), family.letter, title(record)});
        break;
      }
      case RecordType::touch_emitted:
        where.marks.push_back({Mark::Shape::touch, "touch", record.at, title(record)});
        break;
      case RecordType::touch_skipped:
        where.marks.push_back({Mark::Shape::skipped, "skipped", record.at, title(record)});
        break;
      case RecordType::touch_cancelled:
        where.marks.push_back({Mark::Shape::cancelled, "withheld", record.at, title(record)});
        break;
      default:
        where.marks.push_back({Mark::Shape::withheld, "withheld", record.at, title(record)});
        break;
    }
  }

  /// What has not ended lasts to the end of the drawing; a deferral until its instant.
  void close_open_bars() {
    for (const auto& [key, place] : open_) include(lane(place.first).bars[place.second].to);
    for (const auto& [key, place] : open_) {
      Bar& bar = lane(place.first).bars[place.second];
      if (!key.starts_with(kStepIndent) || bar.to == bar.from) bar.to = std::max(bar.to, end_);
    }
  }

  double x(Instant at) const {
    const double span = static_cast<double>((end_ - begin_).ms);
    const double part = std::clamp(static_cast<double>((at - begin_).ms) / span, 0.0, 1.0);
    return kLeft + part * (kRight - kLeft);
  }

  void append_hours(std::string& out, double height) const {
    if (story_.form == nullptr || !story_.form->contact_hours) return;
    const rules::ContactHours& hours = story_.form->contact_hours->of(story_.country);
    const rules::Zone& zone = hours.fixed_zone ? *hours.fixed_zone : story_.zone;
    const rules::LocalDate last = zone.local_date(end_);
    std::string bands;
    int drawn = 0;
    for (rules::LocalDate date = zone.local_date(begin_); date <= last; date = date + 1) {
      if (!hours.days[static_cast<std::size_t>(weekday_from_monday(date))]) continue;
      if (std::binary_search(hours.holidays.begin(), hours.holidays.end(), date)) continue;
      for (const rules::OpenWindow& window : hours.windows) {
        const double from = x(zone.resolve({date, window.from}));
        const double to = x(zone.resolve({date, window.to}));
        if (++drawn > kMostWindows) return;  // too fine to be seen
        if (to <= from) continue;
        bands += fmt::format("<rect class=\"open\" x=\"{:.1f}\" y=\"{:.0f}\" width=\"{:.1f}\" height=\"{:.0f}\"/>\n",
                             from, kTop, to - from, height - kTop);
      }
    }
    out += bands;
  }

  void append_ticks(std::string& out, double height) const {
    const rules::LocalDate first = story_.zone.local_date(begin_);
    const rules::LocalDate last = story_.zone.local_date(end_);
    const int days = last.days - first.days;
    const int each = std::max(1, (days + kMostTicks - 1) / kMostTicks);
    for (int day = 0; day <= days; day += each) {
      const double at = x(story_.zone.midnight(first + day));
      out += fmt::format("<line class=\"tick\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.0f}\" y2=\"{:.0f}\"/>", at, at,
                         kTop - 4, height);
      if (at > kRight - 40) continue;
      out += fmt::format("<text class=\"date\" x=\"{:.1f}\" y=\"14\">{}</text>\n", at + 2,
                         rules::to_string(first + day).substr(5));
    }
  }

  void append_lane(std::string& out, const Lane& lane, std::size_t index) const {
    const double top = kTop + kLane * static_cast<double>(index);
    const bool is_step = lane.name.starts_with(kStepIndent);
    const std::string name = is_step ? lane.name.substr(kStepIndent.size()) : lane.name;
    out += fmt::format("<text class=\"{}\" x=\"{}\" y=\"{:.0f}\">{}</text>\n", is_step ? "step" : "lane",
                       is_step ? 14 : 4, top + 15, html(shortened(name)));
    for (const Bar& bar : lane.bars) append_bar(out, bar, top);
    for (const Mark& mark : lane.marks) append_mark(out, mark, top);
  }

  void append_bar(std::string& out, const Bar& bar, double top) const {
    const double from = x(bar.from);
    const double width = std::max(x(bar.to) - from, 1.5);
    const bool thin = bar.css == "sla";
    out += fmt::format(
        "<g><title>{}</title><rect class=\"bar {}\" x=\"{:.1f}\" y=\"{:.0f}\" width=\"{:.1f}\" height=\"{}\"/>",
        html(bar.title), bar.css, from, thin ? top + 17 : top + 4, width, thin ? 3 : 13);
    if (!bar.letter.empty() && width >= kLetterRoom) {
      out +=
          fmt::format("<text class=\"letter\" x=\"{:.1f}\" y=\"{:.0f}\">{}</text>", from + 2, top + 14.5, bar.letter);
    }
    out += "</g>\n";
  }

  void append_mark(std::string& out, const Mark& mark, double top) const {
    const double at = x(mark.at);
    const double middle = top + 10.5;
    out += "<g><title>" + html(mark.title) + "</title>";
    switch (mark.shape) {
      case Mark::Shape::touch:
        out += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"6\"/>", mark.css, at, middle);
        break;
      case Mark::Shape::skipped:
        out += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\"/>", mark.css, at, middle);
        break;
      case Mark::Shape::withheld:
      case Mark::Shape::cancelled:
        out +=
            fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}l10 10m0 -10l-10 10\"/>", mark.css, at - 5, middle - 5);
        break;
      case Mark::Shape::flag:
        out += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}l6 6l-6 6l-6 -6z\"/>", mark.css, at, middle - 6);
        break;
    }
    out += "</g>\n";
  }

  const LeadStory& story_;
  const std::size_t number_;
  Instant begin_;
  Instant end_;
  std::vector<Lane> lanes_;
  std::map<std::string, std::pair<std::string, std::size_t>> open_;  // key -> lane, place of the bar
};

std::string table(const LeadStory& story) {
  std::string out = fmt::format(
      "<details><summary>{} records</summary><div class=\"wide\"><table><thead><tr><th scope=\"col\">local time</th>"
      "<th scope=\"col\">what</th><th scope=\"col\">why</th></tr></thead><tbody>\n",
      story.records.size() + story.left_out);
  for (const Record& record : story.records) {
    std::string text = rules::sentence(record);
    if (record.until) {
      const std::string utc = rules::to_string(*record.until);
      if (const std::size_t found = text.rfind(utc); found != std::string::npos) {
        text.replace(found, utc.size(), local_text(*record.until, story.zone));
      }
    }
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", html(local_text(record.at, story.zone)),
                       to_string(record.type), html(text));
  }
  if (story.left_out > 0) {
    out += fmt::format("<tr><td colspan=\"3\">and {} more, neither drawn nor listed</td></tr>\n", story.left_out);
  }
  return out + "</tbody></table></div></details>\n";
}

}  // namespace

const std::vector<RuleFamily>& rule_families() { return kRuleFamilies; }

const RuleFamily& family_of(std::string_view rule) {
  if (rule.starts_with("cap:")) return kRuleFamilies[0];
  if (rule == "contact_hours") return kRuleFamilies[1];
  if (rule == "cool_down") return kRuleFamilies[2];
  if (rule == "spacing") return kRuleFamilies[3];
  if (rule == "escalation" || rule == "paused" || rule == "halted") return kRuleFamilies[4];
  if (rule.starts_with("policy:")) return kRuleFamilies[5];
  if (rule == "owner_absent") return kRuleFamilies[6];
  if (rule.starts_with("throttle:")) return kRuleFamilies[7];
  return kRuleFamilies[8];
}

std::string draw(const LeadStory& story, std::size_t number) {
  std::string out = fmt::format("<article aria-labelledby=\"h{}\"><h3 id=\"h{}\"><bdi>{}</bdi></h3>\n", number, number,
                                html(story.lead));
  out += fmt::format("<p class=\"about\">Times of {}{}</p>\n", html(story.zone.name()),
                     story.account.empty() ? "" : "; account <bdi>" + html(story.account) + "</bdi>");
  out += "<div class=\"wide\">" + GanttDrawing(story, number).svg() + "</div>\n" + table(story);
  return out + "</article>\n";
}

}  // namespace relance::engine
