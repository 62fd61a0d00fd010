// Durable ingest on one writer, beside what the disk and RocksDB alone can do with the very same bytes.
//
// One run before the measurements records every batch that the store writes. `limit_rocksdb` writes these batches into
// an empty database with the same options, in the same order and with the same syncs, and does nothing else;
// `limit_append` appends their bytes to a file, with one fdatasync per batch.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include <rocksdb/write_batch.h>

#include "engine/store/rocks_store.h"
#include "ingest.h"
#include "workload.h"

namespace relance::bench {

namespace {

constexpr std::size_t kMebi = std::size_t{1} << 20U;

// The daemon's defaults.
constexpr std::size_t kBlockCache = 128 * kMebi;
constexpr std::size_t kWriteBuffers = 128 * kMebi;

/// The most memory that the process has held since reset(), in MiB, pages of the executable included.
class PeakMemory {
 public:
  static void reset() { std::ofstream("/proc/self/clear_refs") << 5; }
  static double mebibytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
    }
    return 0;
  }
};

/// Every batch of one run, one after the other in a file: length, then RocksDB's own representation.
class Recording {
 public:
  explicit Recording(const std::filesystem::path& path) : file_(std::fopen(path.c_str(), "w+b")) {
    if (file_ == nullptr) give_up("cannot write " + path.string());
  }
  ~Recording() { std::fclose(file_); }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  void add(const rocksdb::WriteBatch& batch) {
    const std::string& octets = batch.Data();
    const std::size_t size = octets.size();
    if (std::fwrite(&size, sizeof size, 1, file_) != 1 || std::fwrite(octets.data(), 1, size, file_) != size) {
      give_up("cannot write the recording");
    }
    rows_ += batch.Count();
    bytes_ += size;
  }
  /// Calls `visit(octets)` for each batch.
  template <class Visitor>
  void replay(Visitor visit) const {
    std::rewind(file_);
    std::string octets;
    for (std::size_t size = 0; std::fread(&size, sizeof size, 1, file_) == 1;) {
      octets.resize(size);
      if (std::fread(octets.data(), 1, size, file_) != size) give_up("cannot read the recording");
      visit(octets);
    }
  }
  std::size_t rows() const { return rows_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::FILE* file_;
  std::size_t rows_ = 0;
  std::size_t bytes_ = 0;
};

std::filesystem::path empty_folder(const char* name) {
  const auto folder = Workload::shared().folder() / name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

void ingest_into(const std::filesystem::path& folder, std::function<void(const rocksdb::WriteBatch&)> before_write) {
  engine::RocksStoreOptions options;
  options.key_dir = folder / "keys";
  options.memory = std::make_shared<engine::StoreMemory>(kBlockCache, kWriteBuffers);
  options.before_write = std::move(before_write);
  auto store = engine::RocksStore::open(folder / "store", std::move(options));
  if (!store) give_up(store.error().message);
  Ingest(**store).run(Workload::shared().file());
}

const Recording& recording() {
  static const auto recorded = [] {
    auto made = std::make_unique<Recording>(Workload::shared().folder() / "batches");
    const auto folder = empty_folder("recorded");
    ingest_into(folder, [&](const rocksdb::WriteBatch& batch) { made->add(batch); });
    std::filesystem::remove_all(folder);
    return made;
  }();
  return *recorded;
}

void report(benchmark::State& state) {
  const auto events = static_cast<double>(Workload::shared().events());
  state.SetItemsProcessed(static_cast<std::int64_t>(events) * static_cast<std::int64_t>(state.iterations()));
  state.counters["rows_per_event"] = static_cast<double>(recording().rows()) / events;
  state.counters["bytes_per_event"] = static_cast<double>(recording().bytes()) / events;
  state.counters["peak_MiB"] = PeakMemory::mebibytes();
}

void durable_ingest(benchmark::State& state) {
  recording();
  for (auto _ : state) {
    state.PauseTiming();
    const auto folder = empty_folder("ingest");
    PeakMemory::reset();
    state.ResumeTiming();
    ingest_into(folder, nullptr);
  }
  report(state);
  std::filesystem::remove_all(Workload::shared().folder() / "ingest");
}

void limit_rocksdb(benchmark::State& state) {
  const Recording& batches = recording();
  for (auto _ : state) {
    state.PauseTiming();
    const auto folder = empty_folder("bare");
    PeakMemory::reset();
    state.ResumeTiming();
    const engine::StoreMemory memory(kBlockCache, kWriteBuffers);
    // Nothing is filtered out by age: more to write, not less.
    auto database = engine::RocksDatabase::open(folder / "store", memory, std::make_shared<engine::Cutoffs>());
    if (!database) give_up(database.error().message);
    batches.replay([&](const std::string& octets) {
      rocksdb::WriteBatch batch(octets);
      expect((*database)->write(batch));
    });
  }
  report(state);
  std::filesystem::remove_all(Workload::shared().folder() / "bare");
}

void limit_append(benchmark::State& state) {
  const Recording& batches = recording();
  const auto path = Workload::shared().folder() / "appended";
  for (auto _ : state) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) give_up("cannot write " + path.string());
    batches.replay([&](const std::string& octets) {
      if (::write(file, octets.data(), octets.size()) != static_cast<ssize_t>(octets.size()) ||
          ::fdatasync(file) != 0) {
        give_up("cannot append");
      }
    });
    ::close(file);
  }
  report(state);
  std::filesystem::remove(path);
}

BENCHMARK(limit_append)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);
BENCHMARK(limit_rocksdb)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1)->MeasureProcessCPUTime();
BENCHMARK(durable_ingest)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1)->MeasureProcessCPUTime();

}  // namespace

}  // namespace relance::bench
