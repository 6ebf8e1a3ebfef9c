# `emberkv test [--long]`: everything that CI runs. Sourced by the launcher, which gives $root, $jdk, $dist, say, die, maven.
# shellcheck shell=bash disable=SC2154

run_tests() {
  local long=() failed=0
  case ${1:-} in
    '') ;;
    --long) long=(-Dexcluded.tags=none) ;;
    *)
      say "test takes --long or nothing, not $1"
      exit 2
      ;;
  esac
  rm -rf "$root"/*/target/surefire-reports "$dist"
  mkdir -p "$dist"
  touch "$dist/started"
  say "running the tests of all modules on $jdk"
  maven -Ppeers verify --fail-at-end --no-transfer-progress "${long[@]}" || failed=1
  if [[ $failed -eq 0 ]]; then
    mv "$dist/started" "$dist/built"
    "$root/.ci/smoke.sh" || failed=1
  fi
  "$jdk/bin/java" --enable-native-access=ALL-UNNAMED "$root/.ci/TestReport.java" "$root" || failed=1
  return $failed
}
