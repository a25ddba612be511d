// SPDX-License-Identifier: MIT
#include "instructions.hpp"

#include <cstddef>
#include <stdexcept>

#include "constants.hpp"

namespace bpflink::test {

namespace {

constexpr std::uint8_t from_register = 0x08;
constexpr std::uint8_t mov_code = 0xb7;
constexpr std::uint8_t add_code = 0x07;
constexpr std::uint8_t and_code = 0x57;
constexpr std::uint8_t load_code = 0x61;
constexpr std::uint8_t store_code = 0x62;
constexpr std::uint8_t store_register_code = 0x63;
constexpr std::uint8_t atomic_code = 0xc3;
constexpr std::uint8_t wide_constant_code = 0x18;
constexpr std::uint8_t jump_code = 0x05;
constexpr std::uint8_t call_code = 0x85;
constexpr std::uint8_t exit_code = 0x95;
constexpr unsigned map_descriptor = 1;  // the source register of a wide constant that is one

std::uint8_t sized(std::uint8_t code, width size) {
  return static_cast<std::uint8_t>(code | static_cast<std::uint8_t>(size));
}

}  // namespace

assembler& assembler::put(std::uint8_t code, unsigned to, unsigned from, int offset, std::int32_t immediate) {
  code_.push_back({code, static_cast<std::uint8_t>(to | (from << 4U)), static_cast<std::int16_t>(offset), immediate});
  return *this;
}

assembler& assembler::mov(reg to, std::int32_t value) { return put(mov_code, to, 0, 0, value); }
assembler& assembler::mov(reg to, reg from) { return put(mov_code | from_register, to, from, 0, 0); }
assembler& assembler::add(reg to, std::int32_t value) { return put(add_code, to, 0, 0, value); }
assembler& assembler::add(reg to, reg from) { return put(add_code | from_register, to, from, 0, 0); }
assembler& assembler::bit_and(reg to, std::int32_t value) { return put(and_code, to, 0, 0, value); }

assembler& assembler::load(width size, reg to, reg base, int offset) {
  return put(sized(load_code, size), to, base, offset, 0);
}
assembler& assembler::store(width size, reg base, int offset, reg from) {
  return put(sized(store_register_code, size), base, from, offset, 0);
}
assembler& assembler::store(width size, reg base, int offset, std::int32_t value) {
  return put(sized(store_code, size), base, 0, offset, value);
}
assembler& assembler::atomic_add(width size, reg base, int offset, reg from) {
  return put(sized(atomic_code, size), base, from, offset, 0);
}

assembler& assembler::load_constant(reg to, std::uint64_t value) {
  put(wide_constant_code, to, 0, 0, static_cast<std::int32_t>(static_cast<std::uint32_t>(value)));
  return put(0, 0, 0, 0, static_cast<std::int32_t>(static_cast<std::uint32_t>(value >> 32U)));
}
assembler& assembler::load_map(reg to, int map_fd) {
  put(wide_constant_code, to, map_descriptor, 0, map_fd);
  return put(0, 0, 0, 0, 0);
}

assembler& assembler::call(std::int32_t helper) { return put(call_code, 0, 0, 0, helper); }
assembler& assembler::exit() { return put(exit_code, 0, 0, 0, 0); }

assembler& assembler::jump_if(jump condition, reg left, std::int32_t right, const std::string& target) {
  jumps_.emplace_back(target, code_.size());
  return put(static_cast<std::uint8_t>(jump_code | static_cast<std::uint8_t>(condition)), left, 0, 0, right);
}
assembler& assembler::jump_to(const std::string& target) {
  jumps_.emplace_back(target, code_.size());
  return put(jump_code, 0, 0, 0, 0);
}
assembler& assembler::label(const std::string& name) {
  labels_.emplace_back(name, code_.size());
  return *this;
}

assembler& assembler::append(const instructions& more) {
  code_.insert(code_.end(), more.begin(), more.end());
  return *this;
}

instructions assembler::done() const {
  instructions code = code_;
  for (const auto& [target, from] : jumps_) {
    bool found = false;
    for (const auto& [name, to] : labels_) {
      if (name != target) continue;
      found = true;
      code[from].offset = static_cast<std::int16_t>(static_cast<std::ptrdiff_t>(to - from) - 1);
    }
    if (!found) throw std::logic_error("no label " + target);
  }
  return code;
}

namespace {

// r0 = the value at this index of an ARRAY map, which r0 == 0 jumps to "out" for. Clobbers r1 to r5 and 4 bytes of
// stack.
void look_up(assembler& code, int map_fd, std::int32_t index) {
  code.store(width::u32, r10, -4, index).mov(r2, r10).add(r2, -4).load_map(r1, map_fd).call(helper::map_lookup_elem);
  code.jump_if(jump::equal, r0, 0, "out");
}

void count(assembler& code, int map_fd) {
  look_up(code, map_fd, 0);
  code.mov(r1, 1).atomic_add(width::u64, r0, 0, r1);
}

// seq_write(meta->seq, stack - size, size), with the context's meta in r6.
void write_row(assembler& code, std::int32_t size) {
  code.load(width::u64, r1, r6, 0).mov(r2, r10).add(r2, -size).mov(r3, size).call(helper::seq_write);
}

}  // namespace

instructions return_value(std::int32_t value) { return assembler().mov(r0, value).exit().done(); }

instructions count_and_return(int map_fd, std::int32_t value) {
  assembler code;
  count(code, map_fd);
  return code.label("out").mov(r0, value).exit().done();
}

instructions record_cookie(int map_fd, std::int32_t value) {
  assembler code;
  code.mov(r6, r1);
  count(code, map_fd);
  look_up(code, map_fd, 1);
  code.mov(r7, r0).mov(r1, r6).call(helper::get_attach_cookie).store(width::u64, r7, 0, r0);
  return code.label("out").mov(r0, value).exit().done();
}

instructions write_tasks(std::uint32_t pid_offset, std::uint32_t tgid_offset) {
  assembler code;
  code.load(width::u64, r6, r1, 0).load(width::u64, r7, r1, 8);
  code.jump_if(jump::equal, r7, 0, "out");  // the last call, after all tasks
  code.load(width::u32, r1, r7, static_cast<int>(pid_offset)).store(width::u32, r10, -8, r1);
  code.load(width::u32, r1, r7, static_cast<int>(tgid_offset)).store(width::u32, r10, -4, r1);
  write_row(code, sizeof(task_row));
  return code.label("out").mov(r0, 0).exit().done();
}

instructions write_elements() {
  assembler code;
  code.load(width::u64, r6, r1, 0).load(width::u64, r7, r1, 16).load(width::u64, r8, r1, 24);
  code.jump_if(jump::equal, r7, 0, "out").jump_if(jump::equal, r8, 0, "out");
  code.load(width::u32, r1, r7, 0).store(width::u32, r10, -16, r1).store(width::u32, r10, -12, 0);
  code.load(width::u64, r1, r8, 0).store(width::u64, r10, -8, r1);
  write_row(code, sizeof(element_row));
  return code.label("out").mov(r0, 0).exit().done();
}

}  // namespace bpflink::test
