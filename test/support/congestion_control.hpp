// SPDX-License-Identifier: MIT
// A TCP congestion control of BPF programs, made by hand: what struct_ops maps are tried with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "raw_bpf.hpp"
#include "run_counter.hpp"

namespace bpflink::test {

/// For SKIP_IF: empty where the kernel has such tables and shows its types (5.6).
std::string needs_struct_ops();

/// A name that nobody else on this machine gives a congestion control at the same time.
std::string unique_control_name();

/// What the kernel takes for a congestion control: its three mandatory functions, of which "cong_avoid", which runs for
/// every acknowledgement of a transfer, counts.
class congestion_control {
 public:
  explicit congestion_control(std::string name = unique_control_name());

  /// Its name: what TCP_CONGESTION takes.
  [[nodiscard]] const std::string& name() const { return name_; }
  /// The map's value, with the programs' descriptors.
  [[nodiscard]] const std::vector<std::byte>& value() const { return value_; }
  /// Sets a member of the table, "cong_avoid" or "flags", in the value.
  void set(const std::string& member, std::uint64_t number, std::size_t size = 8);
  /// Sets the value's first word, which is the kernel's.
  void set_head(std::uint32_t number);
  /// How often the counting function ran.
  [[nodiscard]] std::uint64_t runs() const { return counter(counter_.get()); }

  /// A map without a value, for a link (BPF_F_LINK, 6.4) or that registers itself.
  static fd empty_map(bool for_link = true);
  /// A map for a link, with the value.
  [[nodiscard]] fd filled_map() const;

 private:
  friend counted_program counted_control(const std::string& name);

  std::string name_;
  fd counter_;
  std::vector<fd> programs_;
  std::vector<std::byte> value_;
};

/// A struct_ops map without a value, of a type that the kernel names bpf_struct_ops_...
fd empty_table(const char* value_type, bool for_link = true);
/// A struct_ops program for the member of such a table.
fd load_for_member(const char* table, const char* member, const instructions& code);

/// A filled map for a link, with the counter of a congestion control that nobody needs any more: the map keeps its
/// programs.
counted_program counted_control(const std::string& name);

/// setsockopt(TCP_CONGESTION) on a new socket: 0 or errno.
int choose_congestion_control(const std::string& name);
/// Sends so many bytes over loopback by a connection that uses it. 0 or errno.
int send_with(const std::string& name, std::size_t bytes = 65536);

}  // namespace bpflink::test
