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
    foreach ($project in Get-ChildItem "$root/src" -Directory) {
        $null = New-Item -ItemType Directory -Force "$Folder/src/$($project.Name)"
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

# The package of a copy of the sources in out/test-package, built once for all files of a run.
function Get-BuiltPackage {
    $folder = [IO.Path]::GetFullPath("$PSScriptRoot/../../out/test-package")
    if ($env:SPLICE_TEST_PACKAGE -ne "$PID") {
        if (Test-Path $folder) { Remove-Item $folder -Recurse -Force }
        Copy-Source $folder
        $null = Build-Package $folder
        $env:SPLICE_TEST_PACKAGE = "$PID"
    }

    (Get-Item "$folder/out/Splice.*.nupkg").FullName
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
    finally { foreach ($name in $before.Keys) { [Environment]::SetEnvironmentVariable($name, $before[$name]) } }
}
