#include "engine/runtime/engine_metrics.h"

namespace relance::engine {

namespace {

prometheus::Counter& counter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Histogram& histogram(prometheus::Registry& registry, const char* name, const char* help,
                                 const prometheus::Histogram::BucketBoundaries& bounds) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, bounds);
}

}  // namespace

EngineMetrics::EngineMetrics()
    : events(counter(registry, "relance_events_total", "Events handled, duplicates included.")),
      duplicates(counter(registry, "relance_events_duplicate_total", "Events dropped as duplicates.")),
      dead_letters(counter(registry, "relance_dead_letters_total", "Arrivals that were no usable event.")),
      refused(counter(registry, "relance_arrivals_refused_total", "Submissions answered with back-pressure.")),
      commits(counter(registry, "relance_commits_total", "Durable batches.")),
      attempts(counter(registry, "relance_attempts_total", "Calls of connectors started.")),
      attempts_unknown(counter(registry, "relance_attempts_unknown_total", "Calls whose outcome nobody knows.")),
      cancelled(counter(registry, "relance_touches_cancelled_total", "Touches cancelled before they went out.")),
      playbooks_published(
          counter(registry, "relance_playbooks_published_total", "Folders of playbooks published while running.")),
      playbooks_rejected(counter(registry, "relance_playbooks_rejected_total",
                                 "Folders of playbooks refused whole; the one before goes on.")),
      playbooks(gauge(registry, "relance_playbooks", "Playbooks in force.")),
      queued(gauge(registry, "relance_arrivals_queued", "Arrivals that wait for the processor.")),
      outbox_ready(gauge(registry, "relance_outbox_ready", "Actions that wait for a connector.")),
      outbox_under_way(gauge(registry, "relance_outbox_under_way", "Actions with a connector.")),
      outbox_parked(
          gauge(registry, "relance_outbox_parked", "Actions with an unknown outcome, for a person to decide.")),
      halts(gauge(registry, "relance_halts", "Halts in force: playbooks, channels or everything.")),
      guardrails_tripped(
          gauge(registry, "relance_guardrails_tripped", "Guardrails that tripped and that nobody has acknowledged.")),
      policy_packs(gauge(registry, "relance_policy_packs", "Legal packs that the gate applies.")),
      commit_seconds(histogram(registry, "relance_commit_seconds", "Duration of a durable batch.",
                               {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1})),
      batch_decisions(histogram(registry, "relance_batch_decisions", "Decisions in a durable batch.",
                                {1, 10, 100, 500, 1000, 5000})) {}

}  // namespace relance::engine
