// Fills the store of a daemon with what a file of events comes to, without the daemon's waiting for connectors.
//
//     relance_bench_fill EVENTS.jsonl DATA-DIRECTORY KEY-DIRECTORY

#include <cstdio>

#include "ingest.h"
#include "workload.h"

int main(int count, char** arguments) {
  using namespace relance;
  if (count != 4) bench::give_up("usage: relance_bench_fill EVENTS.jsonl DATA-DIRECTORY KEY-DIRECTORY");
  engine::RocksStoreOptions options;
  options.key_dir = arguments[3];
  constexpr std::size_t kMemory = std::size_t{512} << 20U;
  options.memory = std::make_shared<engine::StoreMemory>(kMemory, kMemory);
  auto store = engine::RocksStore::open(std::filesystem::path(arguments[2]) / "store", std::move(options));
  if (!store) bench::give_up(store.error().message);
  bench::Ingest(**store).run(arguments[1]);
}
