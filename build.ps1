<#
.SYNOPSIS
    Builds, tests, documents, measures, packages and installs the module.

.DESCRIPTION
    Build      the importable module in out/Splice
    Test       xunit, then Pester on out/Splice in a child pwsh
    Docs       the MAML help from docs/en-US (needs Microsoft.PowerShell.PlatyPS); commit what it makes
    Benchmark  the jobs in benchmarks/jobs, beside their peers; the results go to out/benchmarks
    Package    the gallery's nupkg in out/, the same bytes from the same sources; without pwsh:
               dotnet pack src/SpliceModule -c Release -o out
    Picture    docs/images/terminal.svg, of a real terminal (needs tmux, and Python with rich)
    Install    out/Splice to the user's module path
    Clean      removes what the build made

.EXAMPLE
    ./build.ps1

.EXAMPLE
    ./build.ps1 -Task Test

.EXAMPLE
    ./build.ps1 -Task Benchmark -Job large-file, range -Quick
#>
[CmdletBinding()]
param(
    # What to do, in order.
    [ValidateSet('Build', 'Test', 'Docs', 'Benchmark', 'Package', 'Picture', 'Install', 'Clean')]
    [string[]] $Task = @('Build'),

    # The configuration to build.
    [ValidateSet('Release', 'Debug')]
    [string] $Configuration = 'Release',

    # The project's page, for the package.
    [uri] $ProjectUri,

    # For Benchmark, see benchmarks/Invoke-Benchmark.ps1: the jobs to run, all if none is named.
    [string[]] $Job,
    # How many times each contestant takes its turn.
    [int] $Rounds,
    # Small sizes and few rounds.
    [switch] $Quick,
    # The folders to work in.
    [string[]] $Folder,
    # Writes the last results into the documents.
    [switch] $UpdateDocs
)

#requires -Version 7.4
$ErrorActionPreference = 'Stop'
$output = "$PSScriptRoot/out"
$moduleFolder = "$output/Splice"
$helpFolder = "$PSScriptRoot/src/SpliceModule/en-US"

function Invoke-Native([string] $Command, [string[]] $Arguments) {
    & $Command @Arguments
    if ($LASTEXITCODE) { throw "'$Command $Arguments' ended with exit code $LASTEXITCODE." }
}

function Assert-Module([string] $Name, [version] $MinimumVersion) {
    $found = Get-Module -ListAvailable $Name | Where-Object Version -GE $MinimumVersion
    if (-not $found) { throw "$Name $MinimumVersion or later is missing. Get it with: Install-PSResource $Name" }
}

function Invoke-Build {
    Invoke-Native dotnet @('build', "$PSScriptRoot/src/SpliceModule", '-c', $Configuration, '--nologo')
}

function Invoke-Test {
    Assert-Module Pester 5.7.0
    Push-Location $PSScriptRoot
    try { Invoke-Native dotnet @('test', '-c', $Configuration) } finally { Pop-Location }

    # A dll cannot be unloaded: the tests get a process of their own.
    $pwsh = [Environment]::ProcessPath
    Invoke-Native $pwsh @('-NoProfile', '-File', "$PSScriptRoot/tests/Pester/Invoke-Suite.ps1")
}

function Invoke-Docs {
    Assert-Module Microsoft.PowerShell.PlatyPS 1.0.0
    $made = [IO.Path]::Combine([IO.Path]::GetTempPath(), "splice-help-$PID")
    try {
        # about_ topics are text already, and a module page stops the export.
        $pages = Get-ChildItem "$PSScriptRoot/docs/en-US" -Filter *-*.md
        $pages | Import-MarkdownCommandHelp | Export-MamlCommandHelp -OutputFolder $made -Force | Out-Null
        $null = New-Item -ItemType Directory -Force $helpFolder
        Get-ChildItem $made -Recurse -Filter *-Help.xml | Copy-Item -Destination $helpFolder
    }
    finally {
        Remove-Item $made -Recurse -Force -ErrorAction Ignore
    }
}

function Invoke-Benchmark {
    Invoke-Build
    $chosen = @{ Quick = $Quick; UpdateDocs = $UpdateDocs }
    foreach ($name in 'Job', 'Rounds', 'Folder') {
        $value = Get-Variable $name -ValueOnly
        if ($value) { $chosen[$name] = $value }
    }

    & "$PSScriptRoot/benchmarks/Invoke-Benchmark.ps1" @chosen
}

function Invoke-Package {
    $arguments = 'pack', "$PSScriptRoot/src/SpliceModule", '-c', $Configuration, '-o', $output, '--nologo'
    if ($ProjectUri) { $arguments += "-p:PackageProjectUrl=$ProjectUri" }
    Invoke-Native dotnet $arguments
    Get-Item "$output/Splice.$((Import-PowerShellDataFile "$moduleFolder/Splice.psd1").ModuleVersion).nupkg"
}

function Invoke-Picture {
    Invoke-Build
    & "$PSScriptRoot/docs/images/New-TerminalImage.ps1" -Module $moduleFolder
}

function Invoke-Install {
    Invoke-Build
    $version = (Import-PowerShellDataFile "$moduleFolder/Splice.psd1").ModuleVersion
    $target = "$([Environment]::GetFolderPath('LocalApplicationData'))/powershell/Modules/Splice/$version"
    $null = New-Item -ItemType Directory -Force $target
    Copy-Item -Path "$moduleFolder/*" -Destination $target -Recurse -Force
    Get-Module -ListAvailable Splice | Where-Object ModuleBase -EQ $target
}

function Invoke-Clean {
    $made = Get-ChildItem $PSScriptRoot -Directory -Recurse -Include bin, obj
    @($made.FullName; $output) | Where-Object { Test-Path $_ } | Remove-Item -Recurse -Force
}

foreach ($name in $Task) {
    & "Invoke-$name"
}
