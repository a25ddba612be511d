// SPDX-License-Identifier: MIT
#include "libbpf.hpp"

#include "object_image.hpp"

namespace bpflink::bench::libbpf {

#if BPFLINK_BENCH_LIBBPF

namespace {

struct closer {
  void operator()(bpf_object* object) const noexcept { bpf_object__close(object); }
};

}  // namespace

std::string version() {
  return "libbpf " + std::to_string(libbpf_major_version()) + "." + std::to_string(libbpf_minor_version());
}

bpf_program* load(const std::string& section, test::instructions code) {
  static std::vector<std::unique_ptr<bpf_object, closer>> objects;
  const auto image = object_image({{section, "bench", std::move(code)}});
  bpf_object_open_opts options{};
  options.sz = sizeof options;
  options.object_name = "bench";
  objects.emplace_back(bpf_object__open_mem(image.data(), image.size(), &options));
  if (!objects.back()) failed("libbpf opening a program");
  done(bpf_object__load(objects.back().get()), "libbpf loading a program");
  return bpf_object__find_program_by_name(objects.back().get(), "bench");
}

#else

std::string version() { return {}; }

#endif

}  // namespace bpflink::bench::libbpf
