#include "engine/report/experiments_words.h"

#include <cmath>

#include <fmt/format.h>

namespace relance::engine {

const std::string_view kOnlyExperiments =
    "This version reports experiments only: the rest of the monthly audit (scatters, quadrants, segments, outliers, "
    "traffic light, funnel) is not in it.";

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

std::string with_share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return std::to_string(part);
  return fmt::format("{} ({})", part, percent(Proportion{part, whole}.value()));
}

std::string percent_points(double difference) {
  const double points = std::round(1000 * difference) / 10;
  return points == 0 ? "0.0" : fmt::format("{:+.1f}", points);  // never -0.0
}

std::string p_value_text(double p) { return p < 0.0001 ? "p < 0.0001" : fmt::format("p = {:.4f}", p); }

std::string short_revision(const ExperimentResult& result) { return result.revision.substr(0, 12); }

std::string date_text(const rules::Instant& at) { return rules::to_string(at).substr(0, 10); }

std::string title_of(const ExperimentResult& result) {
  return (result.experiment.empty() ? std::string("an experiment") : result.experiment) + " in " + result.playbook;
}

std::string terms_of(const ExperimentResult& result) {
  const std::string units = result.by_account ? "accounts" : "leads";
  std::string text =
      result.first ? fmt::format("{} assigned from {} to {}", units, date_text(*result.first), date_text(*result.last))
                   : "no " + units + " assigned";
  if (result.verdict == Verdict::unknown_revision) return text;
  if (result.success_within) text += ", a success within " + rules::to_string(*result.success_within);
  if (result.min_per_arm > 0) text += fmt::format(", at least {} per arm", result.min_per_arm);
  if (result.in_two_arms > 0) {
    text += fmt::format("; {} {} assigned to another arm later and count in their first", result.in_two_arms,
                        result.in_two_arms == 1 ? "was" : "were");
  }
  return text;
}

std::string ratio_text(const ExperimentResult& result) {
  if (!result.ratio) return "sample ratio: not checked";
  return fmt::format("sample ratio: chi-square {:.2f}, {} degree{} of freedom, {}", result.ratio->chi_square,
                     result.ratio->degrees_of_freedom, result.ratio->degrees_of_freedom == 1 ? "" : "s",
                     p_value_text(result.ratio->p_value));
}

std::string_view headline(Verdict verdict) {
  switch (verdict) {
    case Verdict::unknown_revision:
      return "revision unknown";
    case Verdict::mismatch:
      return "ALARM: sample ratio mismatch";
    case Verdict::not_comparable:
      return "arms cannot be compared";
    case Verdict::too_few:
      return "too early";
    case Verdict::effect:
      return "enough to compare";
  }
  return {};
}

std::string exits_text(const ArmEffect& effect) {
  std::string text;
  for (const auto& [reason, count] : effect.exits)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", reason, count);
  return text.empty() ? "none" : text;
}

}  // namespace relance::engine
