// SPDX-License-Identifier: MIT
#include <array>
#include <stdexcept>
#include <utility>

#include "bpflink/bpflink.hpp"
#include "libbpf.hpp"
#include "raw_calls.hpp"
#include "row.hpp"
#include "stage.hpp"
#include "support/kernel_version.hpp"
#include "support/raw_bpf.hpp"

// Programs in the entries of device and CPU maps.
namespace bpflink::bench {

namespace {

constexpr std::uint32_t key = 0;
constexpr std::uint32_t queue_size = 64;

/// Where the packets go, or how many can wait; and the program, by its descriptor when written and its id when read.
struct entry_value {
  std::uint32_t first;
  std::uint32_t program;
};

int map_of(sides& of, std::uint32_t type) {
  return of.keep(test::must(test::create_map(type, sizeof key, sizeof(entry_value)), "making a map")).get();
}

int program_for(sides& of, std::uint32_t attach_type) {
  return of
      .keep(test::load(
          {.type = test::prog_type::xdp, .code = test::return_value(2), .expected_attach_type = attach_type}))
      .get();
}

/// Whether the raw side looks at what the map is like, too, before it takes bytes for its values.
enum class care : bool { none, taken };

void look_at(int map) {
  std::array<std::uint32_t, 20> told{};
  done(raw::info(map, told.data(), sizeof told), "asking what the map is like");
  constexpr std::size_t value_size = 3;
  if (told[value_size] != sizeof(entry_value)) throw std::runtime_error("another map");
}

template <class Entry>
sides write(sides all, const Entry& entry, std::uint32_t first, care taken) {
  const int map = entry.map.fd().get();
  const entry_value value{first, raw::number_of(entry.program->fd().get())};
  all.raw = repeated([=] {
    if (taken == care::taken) look_at(map);
    done(raw::map_update(map, &key, &value), "writing an entry");
  });
  all.ours = repeated([=] { check(write_entry(entry)); });
  all.libbpf =
      BPFLINK_WITH_LIBBPF(repeated([=] { done(bpf_map_update_elem(map, &key, &value, 0), "writing an entry"); }));
  return all;
}

template <class Entry, class Asked>
sides read(sides all, const Entry& entry, const Asked& asked, care taken) {
  const int map = asked.map.fd().get();
  check(write_entry(entry));
  const auto with_program = [](bool there) {
    if (!there) throw std::runtime_error("no program is there");
  };
  all.raw = repeated([=] {
    if (taken == care::taken) look_at(map);
    entry_value value{};
    done(raw::map_lookup(map, &key, &value), "reading an entry");
    with_program(value.program != 0);
  });
  all.ours = repeated([=] {
    const auto content = query(asked);
    check(content);
    with_program(content->program.has_value());
  });
  all.libbpf = BPFLINK_WITH_LIBBPF(repeated([=] {
    entry_value value{};
    done(bpf_map_lookup_elem(map, &key, &value), "reading an entry");
    with_program(value.program != 0);
  }));
  return all;
}

device_map_entry device_entry(sides& of) {
  return {.map = fd_ref{map_of(of, test::map_type::devmap)},
          .key = map_key{key},
          .interface = stage::loopback,
          .program = fd_ref{program_for(of, test::attach_type::xdp_devmap)}};
}

cpu_map_entry cpu_entry(sides& of) {
  return {.map = fd_ref{map_of(of, test::map_type::cpumap)},
          .cpu = cpu_number{key},
          .queue_size = queue_size,
          .program = fd_ref{program_for(of, test::attach_type::xdp_cpumap)}};
}

template <care Taken>
sides write_device(stage&) {
  sides all;
  const auto entry = device_entry(all);
  return write(std::move(all), entry, entry.interface.index().value(), Taken);
}

template <care Taken>
sides write_cpu(stage&) {
  sides all;
  const auto entry = cpu_entry(all);
  return write(std::move(all), entry, queue_size, Taken);
}

template <care Taken>
sides query_device(stage&) {
  sides all;
  const auto entry = device_entry(all);
  return read(std::move(all), entry, device_map_query{.map = entry.map, .key = entry.key}, Taken);
}

template <care Taken>
sides query_cpu(stage&) {
  sides all;
  const auto entry = cpu_entry(all);
  return read(std::move(all), entry, cpu_map_query{.map = entry.map, .cpu = entry.cpu}, Taken);
}

}  // namespace

void add_map_entries(std::vector<row>& rows) {
  // A map of another sort would take other bytes for a value: what it is like is asked first.
  constexpr unsigned question = 1;
  constexpr double with_question = 190;
  constexpr double in_two_calls = 140;
  const auto since = [](unsigned major, unsigned minor, const char* what) {
    return [=] { return test::needs_kernel(major, minor, what); };
  };
  const auto devices = since(5, 8, "programs in device maps");
  const auto cpus = since(5, 9, "programs in CPU maps");
  rows.push_back({"device map, as careful: write entry", devices, write_device<care::taken>, 0, in_two_calls});
  rows.push_back({"device map, as careful: query", devices, query_device<care::taken>, 0, in_two_calls});
  rows.push_back({"CPU map, as careful: write entry", cpus, write_cpu<care::taken>, 0, in_two_calls});
  rows.push_back({"CPU map, as careful: query", cpus, query_cpu<care::taken>, 0, in_two_calls});
  rows.push_back({"device map: write entry", devices, write_device<care::none>, question, with_question});
  rows.push_back({"device map: query", devices, query_device<care::none>, question, with_question});
  rows.push_back({"CPU map: write entry", cpus, write_cpu<care::none>, question, with_question});
  rows.push_back({"CPU map: query", cpus, query_cpu<care::none>, question, with_question});
}

}  // namespace bpflink::bench
