#pragma once
// What an operator watches, as Prometheus metrics. Written by the engine's loop, read by the HTTP threads through the
// registry, which is thread-safe.

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace relance::engine {

struct EngineMetrics {
  EngineMetrics();

  prometheus::Registry registry;  // first: the others live in it
  prometheus::Counter& events;
  prometheus::Counter& duplicates;
  prometheus::Counter& dead_letters;
  prometheus::Counter& refused;  // answered with back-pressure
  prometheus::Counter& commits;
  prometheus::Counter& attempts;
  prometheus::Counter& attempts_unknown;
  prometheus::Counter& cancelled;
  prometheus::Counter& playbooks_published;
  prometheus::Counter& playbooks_rejected;
  prometheus::Gauge& playbooks;
  prometheus::Gauge& queued;
  prometheus::Gauge& outbox_ready;
  prometheus::Gauge& outbox_under_way;
  prometheus::Gauge& outbox_parked;
  prometheus::Gauge& halts;
  prometheus::Gauge& guardrails_tripped;
  prometheus::Gauge& policy_packs;
  prometheus::Histogram& commit_seconds;
  prometheus::Histogram& batch_decisions;
};

}  // namespace relance::engine
