#pragma once
// The daemon's loop without its threads: decisions, outbox rows, the gate's second asking and the outcome of every
// touch, in batches of 1000 events or due pieces of work. Only the connector's call and its two records are left out.
// Owner and thread: the caller's. What goes wrong ends the process.

#include <filesystem>
#include <vector>

#include "engine/processor/processor.h"
#include "engine/store/rocks_store.h"

namespace relance::bench {

void expect(const tl::expected<void, engine::StoreError>& done);

class Ingest : private engine::ProcessorEffects {
 public:
  explicit Ingest(engine::RocksStore& store);
  /// Every event of the JSON Lines file, and what is due before the last of them.
  void run(const std::filesystem::path& file);

 private:
  struct Emitted {
    rules::LeadId lead;
    rules::ActionId action;
    rules::Revision revision;
    rules::Channel channel;
  };

  void handle(const rules::Event& event);
  void commit();
  void complete(const Emitted& touch);
  void emitted(rules::LeadState& lead, const rules::EmitTouch& effect) override;
  void escalated(const rules::LeadState&, const rules::Escalate&) override {}
  void cancelled(const rules::LeadState&, const rules::CancelTouch& effect) override {
    store_.erase_outbox(effect.action);
  }

  engine::RocksStore& store_;
  engine::Processor processor_;
  std::vector<Emitted> emitted_;
  std::size_t handled_ = 0;
  std::size_t due_ = 0;
};

}  // namespace relance::bench
