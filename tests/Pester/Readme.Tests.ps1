BeforeDiscovery {
    $root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")

    # Every block of a page, with the heading that it is under, as it stands there.
    $number = 0
    $heading = ''
    $blocks, $more = foreach ($page in 'README.md', 'CONTRIBUTING.md') {
        , @(foreach ($found in [regex]::Matches((Get-Content "$root/$page" -Raw), '(?ms)^#+ (?<heading>[^\n]+)$|^```(?<language>\w*)\n(?<code>.*?)^```')) {
                if ($found.Groups['heading'].Success) {
                    $heading = $found.Groups['heading'].Value
                }
                else {
                    $number++
                    $code = $found.Groups['code'].Value
                    $kind = switch ($found.Groups['language'].Value) {
                        sh { 'sh' }
                        powershell {
                            if ($heading -like 'Install*') { 'install' }
                            else { 'task' }
                        }
                        default { 'none' }
                    }
                    @{ Number = $number; Heading = $heading; Kind = $kind; Code = $code }
                }
            })
    }

    $tasks = @($blocks | Where-Object Kind -EQ task)
    $installs = @($blocks + $more | Where-Object Kind -EQ install)
    $lines = @($blocks | Where-Object Kind -EQ sh | ForEach-Object { $_.Code.TrimEnd() -split "`n" })
    $testLines = @([regex]::Matches((Get-Content "$root/CONTRIBUTING.md" -Raw), '(?m)^(\w+=\S+ )?dotnet test .*$') | ForEach-Object { @{ Line = $_.Value } })
    $other = @($blocks | Where-Object Kind -EQ none)
}

BeforeAll {
    $script:root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
    . "$PSScriptRoot/Common.ps1"
    . "$PSScriptRoot/Examples.ps1"
    . "$PSScriptRoot/Packages.ps1"
    Import-Module "$root/out/Splice/Splice.psd1" -Force
    $script:readme = Get-Content "$root/README.md" -Raw
    $script:pages = "$readme$(Get-Content "$root/CONTRIBUTING.md" -Raw)"

    $script:ssh = Open-SshHost "$TestDrive/ssh"

    # What runs in other runspaces finds the module by its name.
    $script:modulePath = $env:PSModulePath
    $env:PSModulePath = "$root/out:$modulePath"
    $script:hasSdk = Test-Sdk $root

    # What a stranger has: the sources, and a package.
    $script:clone = "$TestDrive/clone"
    Copy-Source $clone
    if ($hasSdk) {
        $null = New-Item -ItemType Directory "$clone/packages"
        Copy-Item (Get-BuiltPackage) "$clone/packages"
    }
}

AfterAll {
    $env:PSModulePath = $modulePath
    Close-SshHost $ssh
}

Describe 'The blocks of the README' {
    It 'are PowerShell or sh, so that a test below runs them' -ForEach @{ Other = $other } {
        $Other | Should -BeNullOrEmpty
    }

    It 'block <Number>, <Heading>' -ForEach $tasks {
        if ($Code -match 'Send-ItemZeroCopy' -and -not $ssh) {
            Set-ItResult -Skipped -Because 'sshd is not available to this user'
        }

        $done = Invoke-Example $Code
        $done.Output.Count | Should -BeGreaterThan 0
    }
}

Describe 'Installing as the README says' {
    BeforeEach {
        if (-not $hasSdk) { Set-ItResult -Skipped -Because 'the .NET SDK of global.json is not on this machine' }
        if (-not (Get-Module -ListAvailable Microsoft.PowerShell.PSResourceGet)) { Set-ItResult -Skipped -Because 'there is no PSResourceGet here' }
    }

    It 'block <Number>' -ForEach $installs {
        if ($Code -match 'build\.ps1' -and $env:SPLICE_TEST_FULL -ne '1') { Set-ItResult -Skipped -Because 'a build of a clone is for the full run' }
        $userHome = "$TestDrive/home$Number"

        # The only gallery that it knows has one package.
        $gallery = "Get-PSResourceRepository | Unregister-PSResourceRepository"
        if ($Code -notmatch '-Repository') { $gallery += "; Register-PSResourceRepository Gallery '$clone/packages' -Trusted" }
        $told = Invoke-Fresh -UserHome $userHome -ModulePath $modulePath -Script "`$ErrorActionPreference = 'Stop'; `$ProgressPreference = 'SilentlyContinue'; Set-Location '$clone'
            $gallery
            $Code
            Copy-ItemZeroCopy README.md '$userHome/copy.md' | ForEach-Object BytesCopied
            (Get-Module Splice).ModuleBase" | Where-Object { "$_" }

        $told[-2] | Should -Be (Get-Item "$clone/README.md").Length -Because ($told -join "`n")
        $told[-1] | Should -BeLike "$userHome/*/Modules/Splice/*"
        Get-Hash "$userHome/copy.md" | Should -Be (Get-Hash "$clone/README.md")
    }
}

Describe 'The lines of the README and of CONTRIBUTING' {
    BeforeAll {
        # The runner takes the line as it stands, and lists tests instead of running them.
        function Get-ListedTest([string] $Line) {
            Push-Location $root
            try { sh -c "$Line --no-build --list-tests" 2>&1 } finally { Pop-Location }
            $LASTEXITCODE | Should -Be 0
        }

        $script:isBuilt = Test-Path "$root/tests/*/bin/Release/*/SpliceCore.Tests.dll"
    }

    It 'has two for a clone, which the continuous integration runs' -ForEach @{ Lines = $lines } {
        $Lines.Count | Should -Be 2
        $run = (Get-Content "$root/.ci/run" -Raw) -replace 'timeout --kill-after=\S+ \S+ '
        foreach ($line in $Lines) { $run | Should -Match "(?m)^\w+\(\) \{ $([regex]::Escape($line))\b" }
    }

    It '<Line>' -ForEach $testLines {
        if (-not ($hasSdk -and $isBuilt)) { Set-ItResult -Skipped -Because 'the tests have not been built here' }
        $told = Get-ListedTest $Line
        $class = [regex]::Match($Line, '\*(\w+)').Groups[1].Value
        $told -match $class | Should -Not -BeNullOrEmpty -Because ($told -join "`n")
        ($told -match 'CopyQueueTests').Count | Should -Be 0 -Because 'a filter chooses'
    }

    It 'name tests, build tasks and files that exist' {
        $classes = [regex]::Matches($pages, '\*(\w+Tests)\b').ForEach({ $_.Groups[1].Value }) | Select-Object -Unique
        $classes.Count | Should -BeGreaterThan 2
        foreach ($class in $classes) { Get-ChildItem "$root/tests" -Recurse -Filter "$class.cs" | Should -HaveCount 1 -Because $class }

        $names = (Get-Command "$root/build.ps1").Parameters['Task'].Attributes.Where({ $_ -is [ValidateSet] }).ValidValues
        $tasks = [regex]::Matches($pages, 'build\.ps1 -Task (\w+)').ForEach({ $_.Groups[1].Value })
        $tasks.Count | Should -BeGreaterThan 3
        $tasks | Should -BeIn $names

        $links = [regex]::Matches($pages, '\]\((?!https?:|#)([^)]+)\)').ForEach({ $_.Groups[1].Value })
        $links.Count | Should -BeGreaterThan 15
        foreach ($link in $links) { "$root/$link" | Should -Exist }
    }

    It 'are few: the README has at most 180 lines' {
        ($readme.TrimEnd() -split "`n").Count | Should -BeLessOrEqual 180
    }

    It 'have a row for each cmdlet, and as many cells in each row as in the head of its table' {
        foreach ($name in (Get-Command -Module Splice).Name) { $readme | Should -Match "\| \[$name\]\(docs/en-US/$name\.md\) \|" }
        $tables = [regex]::Matches($readme, '(?m)(^\|.*\n)+')
        $tables.Count | Should -Be 3
        foreach ($table in $tables) {
            $cells = $table.Value.Trim() -split "`n" | ForEach-Object { [regex]::Matches($_, '(?<!\\)\|').Count }
            $cells | Select-Object -Unique | Should -HaveCount 1 -Because $table.Value
        }
    }
}
