// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bpflink/attach/iterator.hpp"
#include "helpers.hpp"
#include "support/child.hpp"
#include "support/constants.hpp"
#include "support/instructions.hpp"
#include "support/raw_bpf.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink {

// A program for an iterator's target, loaded without the library.
inline test::fd load_iterator(const std::string& target, const test::instructions& code = test::return_value(0),
                              const std::string& name = "iterates") {
  return test::load({.type = test::prog_type::tracing,
                     .code = code,
                     .expected_attach_type = test::attach_type::trace_iter,
                     .name = name,
                     .attach_btf_id = test::vmlinux_btf::get().function("bpf_iter_" + target).value()});
}

// Writes how many objects came before, for each object of any target: in its context the object follows the metadata,
// or is at another offset.
inline test::instructions write_numbers(int object_at = 8) {
  using namespace test;
  return assembler()
      .load(width::u64, r6, r1, 0)
      .load(width::u64, r7, r1, object_at)
      .jump_if(jump::equal, r7, 0, "out")
      .load(width::u64, r1, r6, 16)
      .store(width::u64, r10, -8, r1)
      .load(width::u64, r1, r6, 0)
      .mov(r2, r10)
      .add(r2, -8)
      .mov(r3, 8)
      .call(helper::seq_write)
      .label("out")
      .mov(r0, 0)
      .exit()
      .done();
}

// Writes `size` bytes of the value, for each element of a map, `times` over; then returns `result`.
inline test::instructions write_bytes(std::int32_t size, std::uint8_t value, int times = 1, std::int32_t result = 0) {
  using namespace test;
  assembler code;
  code.load(width::u64, r6, r1, 0).load(width::u64, r7, r1, 16).jump_if(jump::equal, r7, 0, "out");
  for (int offset = 8; offset < size + 8; offset += 8) {
    code.load_constant(r1, value * 0x0101'0101'0101'0101ULL).store(width::u64, r10, -offset, r1);
  }
  const auto room = (size + 7) / 8 * 8;
  for (int done = 0; done < times; ++done) {
    code.load(width::u64, r1, r6, 0).mov(r2, r10).add(r2, -room).mov(r3, size).call(helper::seq_write);
  }
  return code.mov(r0, result).exit().label("out").mov(r0, 0).exit().done();
}

// An array of u64 in which the value is ten times the key.
inline test::fd filled_array(std::uint32_t entries) {
  auto map = test::create_map(test::map_type::array, 4, 8, entries);
  for (std::uint32_t key = 0; key < entries; ++key) {
    const std::uint64_t value = key * 10ULL;
    test::map_update(map.get(), &key, &value);
  }
  return map;
}

// The reader over the elements of a map with 4-byte keys and 8-byte values.
inline expected<iterator_link> attach_to_elements(const test::fd& program, const test::fd& map) {
  return attach(
      iterator_options{.program = borrow(program), .parameters = iterator_parameters::over_map(fd_ref{map.get()})});
}

// All rows, read through a buffer of so many.
template <class Row>
std::vector<Row> rows_of(iterator_reader& reader, std::size_t at_once = 256) {
  std::vector<Row> all;
  std::vector<Row> buffer(at_once);
  auto rows = reader.rows(buffer);
  for (;;) {
    const auto some = rows.next();
    test::expect_equal(sentence(some), "", "read");
    if (some->empty()) return all;
    all.insert(all.end(), some->begin(), some->end());
  }
}

template <class Row>
std::vector<Row> rows_of(const iterator_link& link, std::size_t at_once = 256) {
  auto reader = link.open();
  test::expect_equal(sentence(reader), "", "open");
  return rows_of<Row>(*reader, at_once);
}

// A program that writes a task_row for each task.
inline test::fd load_task_rows() {
  const auto& btf = test::vmlinux_btf::get();
  return load_iterator("task", test::write_tasks(btf.find_member("task_struct", "pid")->offset(),
                                                 btf.find_member("task_struct", "tgid")->offset()));
}

}  // namespace bpflink
