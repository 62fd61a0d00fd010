#pragma once
// How the forms of the report write a figure. Pure; any thread.

#include <string>

#include "engine/report/experiments.h"

namespace relance::engine {

/// "12.5 %", "12.5 points" comes from percent_points().
std::string percent(double share);
/// "12 (3.1 %)"; without the share when there is no whole.
std::string with_share(std::uint64_t part, std::uint64_t whole);
/// "+3.1"
std::string percent_points(double difference);
/// "p = 0.043", "p < 0.0001"
std::string p_value_text(double p);
/// "3f2a9c01d2e4"
std::string short_revision(const ExperimentResult& result);
/// "2026-03-02"
std::string date_text(const rules::Instant& at);
/// "subject-line in smb-inbound", "an experiment in smb-inbound"
std::string title_of(const ExperimentResult& result);
/// "leads assigned from 2026-03-02 to 2026-03-20, a success within 14d, at least 200 per arm"
std::string terms_of(const ExperimentResult& result);
/// "sample ratio: chi-square 0.52, 1 degree of freedom, p = 0.47"
std::string ratio_text(const ExperimentResult& result);
/// In a word or three: "sample ratio mismatch", "too early"
std::string_view headline(Verdict verdict);
/// "completed 120, goal 31"
std::string exits_text(const ArmEffect& effect);

}  // namespace relance::engine
