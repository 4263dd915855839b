# Builds packages from a copy of the sources, and runs what is installed. Tests dot-source it in their BeforeAll.

# Only the SDK that global.json asks for can build a folder.
function Test-Sdk([string] $Folder) {
    Push-Location $Folder
    try { (Get-Command dotnet -ErrorAction Ignore) -and $(dotnet --version *> $null; $LASTEXITCODE -eq 0) } finally { Pop-Location }
}

# The sources in a folder of their own: what is in the repository's own out may be loaded.
function Copy-Source([string] $Folder) {
    $root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
    $null = New-Item -ItemType Directory $Folder
    Copy-Item "$root/*" $Folder -Force -Include .editorconfig, *.props, *.ps1, *.psd1, *.ps1xml, *.md, *.slnx, global.json, LICENSE
    Copy-Item "$root/build", "$root/docs", "$root/examples" $Folder -Recurse
    $null = New-Item -ItemType Directory "$Folder/src"
    Copy-Item "$root/src/*.targets" "$Folder/src"
    foreach ($project in Get-ChildItem "$root/src" -Directory) {
        $null = New-Item -ItemType Directory "$Folder/src/$($project.Name)"
        Get-ChildItem $project -Exclude bin, obj | Copy-Item -Destination "$Folder/src/$($project.Name)" -Recurse
    }
}

# The package's path. The folder of what dotnet has downloaded is named without a slash at its end, as most people do.
function Build-Package([string] $Folder) {
    $before = $env:NUGET_PACKAGES
    $env:NUGET_PACKAGES = "$($before ?? "$env:HOME/.nuget/packages")".TrimEnd('/')
    Push-Location $Folder
    try { $told = dotnet pack src/SpliceModule -c Release -o out --nologo -p:RunAnalyzers=false 2>&1 }
    finally { Pop-Location; $env:NUGET_PACKAGES = $before }
    if ($LASTEXITCODE) { throw ($told -join "`n") }
    (Get-Item "$Folder/out/Splice.*.nupkg").FullName
}

# The package of what has been built, or of a build, made once for all files of a run.
function Get-BuiltPackage {
    $root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
    $folder = "$root/out/test-package"
    if ($env:SPLICE_TEST_PACKAGE -ne "$PID") {
        if (Test-Path $folder) { Remove-Item $folder -Recurse -Force }
        $build = if (Test-Path "$root/src/SpliceModule/bin/Release/net8.0/SpliceModule.dll") { '--no-build' }
        $told = dotnet pack "$root/src/SpliceModule" -c Release -o $folder --nologo -p:RunAnalyzers=false -p:PackageProjectUrl=https://example.org/splice $build 2>&1
        if ($LASTEXITCODE) { throw ($told -join "`n") }
        $env:SPLICE_TEST_PACKAGE = "$PID"
    }

    (Get-Item "$folder/Splice.*.nupkg").FullName
}

# Lays out a runtime, which a restore has downloaded, as an installation of .NET. Returns its folder.
function New-DotnetRoot([string] $Folder, [version] $Version, [string] $Platform) {
    $packages = $env:NUGET_PACKAGES ?? "$env:HOME/.nuget/packages"
    $pack = "$packages/microsoft.netcore.app.runtime.$Platform/$Version/runtimes/$Platform"
    $framework = New-Item -ItemType Directory "$Folder/shared/Microsoft.NETCore.App/$Version"
    $resolver = New-Item -ItemType Directory "$Folder/host/fxr/$Version"
    Copy-Item "$pack/lib/net*/*", "$pack/native/*" $framework
    Copy-Item "$pack/native/libhostfxr.so" $resolver
    $Folder
}

# What a run of the engine's tests says: none failed, and enough passed.
function Assert-EngineTest([string[]] $Output, [string] $Name, [int] $AtLeast) {
    $counts = [regex]::Match("$($Output | Select-Object -Last 3)", 'Total: (\d+), Errors: (\d+), Failed: (\d+), Skipped: (\d+)')
    $counts.Success | Should -BeTrue -Because ($Output | Select-Object -Last 30 | Out-String)
    $total, $errors, $failed, $skipped = $counts.Groups[1..4].Value.ForEach([int])
    Write-Host "${Name}: $($total - $failed - $skipped) passed, $failed failed, $skipped skipped"
    $errors + $failed | Should -Be 0 -Because ($Output | Select-String '\[FAIL\]' -Context 0, 40 | Out-String -Width 1000)
    $total - $skipped | Should -BeGreaterThan $AtLeast
}

# Runs a script in a pwsh that has no other modules than its own and those of a path, and nothing of this user's but what
# dotnet has downloaded.
function Invoke-Fresh([string] $Script, [string] $UserHome, [string] $ModulePath) {
    $given = @{
        HOME = $UserHome; XDG_DATA_HOME = "$UserHome/.local/share"; PSModulePath = $ModulePath
        NUGET_PACKAGES = $env:NUGET_PACKAGES ?? "$env:HOME/.nuget/packages"
        # A build of the same sources has been analyzed already.
        RunAnalyzers = 'false'
    }
    $null = New-Item -ItemType Directory -Force $given.XDG_DATA_HOME
    $before = @{}
    foreach ($name in $given.Keys) {
        $before[$name] = [Environment]::GetEnvironmentVariable($name)
        [Environment]::SetEnvironmentVariable($name, $given[$name])
    }

    try { pwsh -NoProfile -NonInteractive -Command $Script 2>&1 }
    finally { foreach ($name in $before.Keys) { [Environment]::SetEnvironmentVariable($name, $before[$name] ?? [NullString]::Value) } }
}
