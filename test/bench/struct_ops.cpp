// SPDX-License-Identifier: MIT
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "bpflink/bpflink.hpp"
#include "raw_calls.hpp"
#include "row.hpp"
#include "stage.hpp"
#include "support/congestion_control.hpp"
#include "support/kernel_version.hpp"

// Tables of functions, which libbpf 1.1 cannot attach by a link.
namespace bpflink::bench {

namespace {

std::string needs_struct_ops_links() {
  if (auto reason = test::needs_kernel(6, 4, "struct_ops links"); !reason.empty()) return reason;
  return test::needs_struct_ops();
}

test::fd table(const std::string& name) { return test::counted_control(name).program; }

int link_create(int map) { return raw::link_create(map, 0, test::attach_type::struct_ops); }

sides attach_table(stage&) {
  sides all;
  const int map = all.keep(table(test::unique_control_name())).get();
  all.raw = repeated([map] { done(::close(done(link_create(map), "attaching")), "closing"); });
  all.ours = repeated([options = struct_ops_options{.map = fd_ref{map}}] { check(attach(options)); });
  return all;
}

/// Two maps of one name in turn, for one link alone. The kernel takes a map in the place of itself and breaks its list
/// of congestion controls by that, so whose turn it is has to be known in all processes that count, too.
class turns {
 public:
  explicit turns(sides& of) {
    const auto name = test::unique_control_name();
    for (int& map : maps_) map = of.keep(table(name)).get();
    void* const memory =
        ::mmap(nullptr, sizeof(std::size_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) failed("sharing memory");
    taken_ = {static_cast<std::size_t*>(memory), [](void* shared) { ::munmap(shared, sizeof(std::size_t)); }};
  }
  [[nodiscard]] int first() const { return maps_[0]; }
  [[nodiscard]] int next() const { return maps_[++*taken_ % maps_.size()]; }

 private:
  std::array<int, 2> maps_{};
  std::shared_ptr<std::size_t> taken_;
};

sides update_table(stage&) {
  sides all;
  const turns of_raw{all};
  const int link = all.keep(test::fd{done(link_create(of_raw.first()), "attaching")}).get();
  all.raw = repeated([link, of_raw] { done(raw::link_update(link, of_raw.next()), "updating"); });
  const turns of_ours{all};
  auto& ours = all.keep(got(attach(struct_ops_options{.map = fd_ref{of_ours.first()}})));
  all.ours = repeated([&ours, of_ours] { check(ours.update(map_ref{fd_ref{of_ours.next()}})); });
  return all;
}

}  // namespace

void add_struct_ops(std::vector<row>& rows) {
  rows.push_back({"struct_ops: attach, close", needs_struct_ops_links, attach_table});
  // Two questions: which map the link has, and which one is to take its place.
  rows.push_back({"struct_ops: update", needs_struct_ops_links, update_table, 2, 150});
}

}  // namespace bpflink::bench
