// SPDX-License-Identifier: MIT
// A small eBPF assembler.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bpflink::test {

struct instruction {
  std::uint8_t code = 0;
  std::uint8_t registers = 0;  // destination in the low half, source in the high one
  std::int16_t offset = 0;
  std::int32_t immediate = 0;
};
static_assert(sizeof(instruction) == 8);

using instructions = std::vector<instruction>;

enum reg : std::uint8_t { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10 };

enum class width : std::uint8_t { u32 = 0x00, u16 = 0x08, u8 = 0x10, u64 = 0x18 };

enum class jump : std::uint8_t { equal = 0x10, greater = 0x20, greater_equal = 0x30, bit_set = 0x40, not_equal = 0x50 };

/// assembler().mov(r0, 1).exit().done()
class assembler {
 public:
  assembler& mov(reg to, std::int32_t value);
  assembler& mov(reg to, reg from);
  assembler& add(reg to, std::int32_t value);
  assembler& add(reg to, reg from);
  assembler& bit_and(reg to, std::int32_t value);
  assembler& load(width size, reg to, reg base, int offset);
  assembler& store(width size, reg base, int offset, reg from);
  assembler& store(width size, reg base, int offset, std::int32_t value);
  assembler& atomic_add(width size, reg base, int offset, reg from);
  assembler& load_constant(reg to, std::uint64_t value);
  assembler& load_map(reg to, int map_fd);
  assembler& call(std::int32_t helper);
  assembler& jump_if(jump condition, reg left, std::int32_t right, const std::string& target);
  assembler& jump_to(const std::string& target);
  assembler& label(const std::string& name);
  assembler& append(const instructions& more);
  assembler& exit();

  /// The instructions, with the jumps resolved; throws if a label is missing.
  [[nodiscard]] instructions done() const;

 private:
  assembler& put(std::uint8_t code, unsigned to, unsigned from, int offset, std::int32_t immediate);

  instructions code_;
  std::vector<std::pair<std::string, std::size_t>> labels_;
  std::vector<std::pair<std::string, std::size_t>> jumps_;
};

/// r0 = value; exit.
instructions return_value(std::int32_t value);

/// Counts the run in the u64 at key 0 of an ARRAY map, then returns the value.
instructions count_and_return(int map_fd, std::int32_t value);

/// Counts the run at key 0 and writes the attachment's cookie to key 1 of an ARRAY map of u64 (5.15 on).
instructions record_cookie(int map_fd, std::int32_t value = 0);

/// A row of the task iterator's program.
struct task_row {
  std::uint32_t pid = 0;   // task_struct.pid, the thread
  std::uint32_t tgid = 0;  // task_struct.tgid, the process
};

/// An iterator program (tracing, trace_iter, attach_btf_id of bpf_iter_task) that writes one task_row for each task.
/// The offsets are those of task_struct's members in bytes.
instructions write_tasks(std::uint32_t pid_offset, std::uint32_t tgid_offset);

/// A row of the map element iterator's program.
struct element_row {
  std::uint32_t key = 0;
  std::uint32_t padding = 0;
  std::uint64_t value = 0;
};

/// An iterator program (attach_btf_id of bpf_iter_bpf_map_elem) that writes one element_row for each element of a
/// map with 4-byte keys and 8-byte values.
instructions write_elements();

}  // namespace bpflink::test
