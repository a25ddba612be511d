// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "bpflink/bpflink.hpp"
#include "libbpf.hpp"
#include "raw_calls.hpp"
#include "row.hpp"
#include "stage.hpp"
#include "support/kernel_version.hpp"
#include "support/raw_bpf.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink::bench {

namespace {

constexpr std::uint32_t elements = 4096;
/// More than the kernel gives in one read.
constexpr std::size_t buffer_size = 64 * 1024;

std::string needs_map_iterators() {
  if (auto reason = test::needs_kernel(5, 9, "map iterators"); !reason.empty()) return reason;
  return test::needs_vmlinux_btf();
}

test::fd load_iterator() {
  const auto target = test::vmlinux_btf::get().function("bpf_iter_bpf_map_elem");
  if (!target) throw std::runtime_error("the kernel's BTF has no bpf_iter_bpf_map_elem");
  return test::load({.type = test::prog_type::tracing,
                     .code = test::write_elements(),
                     .expected_attach_type = test::attach_type::trace_iter,
                     .attach_btf_id = *target});
}

void read_to_the_end(int run) {
  alignas(8) std::array<std::byte, buffer_size> buffer;
  ssize_t got = 0;
  do got = ::read(run, buffer.data(), buffer.size());
  while (got > 0);
  done(static_cast<int>(got), "reading");
  done(::close(run), "closing");
}

sides read_all(stage&) {
  sides all;
  const int map = all.keep(test::must(test::create_map(test::map_type::array, 4, 8, elements), "making a map")).get();
  const int program = all.keep(load_iterator()).get();
  const int link = all.keep(test::fd{done(raw::map_iterator_create(program, map), "attaching")}).get();
  const auto& ours = all.keep(got(
      attach(iterator_options{.program = fd_ref{program}, .parameters = iterator_parameters::over_map(fd_ref{map})})));

  all.raw = repeated([link] { read_to_the_end(done(raw::iterator_open(link), "opening the iterator")); });
  all.ours = repeated([&ours] {
    auto reader = ours.open();
    check(reader);
    alignas(8) std::array<std::byte, buffer_size> buffer;
    for (bool more = true; more;) {
      const auto size = reader->read(buffer);
      check(size);
      more = *size != 0;
    }
  });
  all.libbpf =
      BPFLINK_WITH_LIBBPF(repeated([link] { read_to_the_end(done(bpf_iter_create(link), "opening the iterator")); }));
  return all;
}

}  // namespace

void add_iterators(std::vector<row>& rows) {
  rows.push_back({"iterator: open, read 64 KiB, close", needs_map_iterators, read_all});
}

}  // namespace bpflink::bench
