BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $script:root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
    Import-Module "$root/out/Splice/Splice.psd1"

    # The lines of the terminal in a picture. Words of a row have the same height, and blanks between colored words are left out:
    # a column is 12.2 units wide.
    function Get-PictureLine([string] $Path) {
        $picture = [xml] (Get-Content -LiteralPath $Path -Raw)
        $texts = $picture.SelectNodes('//*[local-name()="text"][@clip-path]')
        $texts | Group-Object { [double] $_.y } | Sort-Object { [double] $_.Name } | ForEach-Object {
            $line = ''
            foreach ($text in $_.Group | Sort-Object { [double] $_.x }) {
                $line = $line.PadRight([Math]::Round([double] $text.x / 12.2)) + $text.InnerText.Replace([char] 0xA0, ' ')
            }

            $line.TrimEnd()
        }
    }

    # The headings above the rows of each table, separated by single blanks.
    function Get-Heading([string[]] $Line) {
        foreach ($index in 1..($Line.Count - 1)) {
            if ($Line[$index] -match '^ *-+( +-+)+ *$') { -split $Line[$index - 1] -join ' ' }
        }
    }

    function Assert-Picture([string] $Path) {
        $lines = @(Get-PictureLine $Path)
        $typed = @($lines -match '^PS> .')
        $calls = foreach ($line in $typed) {
            $ast = [Management.Automation.Language.Parser]::ParseInput($line.Substring(4), [ref] $null, [ref] $null)
            $ast.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)
        }

        $calls.ForEach('GetCommandName') -join ' ' | Should -Be 'Copy-ItemZeroCopy Copy-ItemZeroCopy Copy-ItemZeroCopy Get-Content Send-ItemZeroCopy'
        foreach ($call in $calls) {
            $parameters = (Get-Command $call.GetCommandName()).Parameters.Keys
            $call.CommandElements.ParameterName | Where-Object { $_ -and $_ -notin $parameters } | Should -BeNullOrEmpty
        }

        # Each table has the headings that it has today: those of a tree, of a file and of hosts.
        $headings = @(Get-Heading $lines)
        $headings | Should -HaveCount 3
        $headings | Where-Object { $_ -notin (Get-Heading (Get-Content "$PSScriptRoot/Golden/100.txt")) } | Should -BeNullOrEmpty

        # All of the tree, the rest of the file, and the file on three hosts.
        $lines -match '^ *1000 +5 23\.9 MiB +\S+ MiB/s$' | Should -HaveCount 1
        $rest = @($lines -match '^ *[\d.]+ MiB +\w+ +\S+ +\S+ [MG]iB/s \S*backup/disk\.img \(resumed at \d+\S* MiB, verified\)$')
        $rest | Should -HaveCount 1
        [double] (-split $rest[0])[0] | Should -BeGreaterThan 0
        [double] (-split $rest[0])[0] | Should -BeLessThan 120 -Because 'the copy was stopped after 80 of 200 MiB'
        foreach ($name in 'web1', 'web2', 'web3') {
            $lines -match "^$name +200 MiB +[\d.]+ .*/$name/images/disk\.img \(verified\)$" | Should -HaveCount 1
        }

        (Get-Item $Path).Length | Should -BeLessThan 150KB

        # No page that shows it need load anything.
        Get-Content $Path -Raw | Should -Not -Match '@import|url\((?!#)|href="(?!#)'
    }
}

Describe 'The picture of a terminal' {
    It 'in the documents shows what cmdlets and tables are today' {
        Assert-Picture "$root/docs/images/terminal.svg"
        Get-Content "$root/README.md" -Raw | Should -Match '\]\(docs/images/terminal\.svg\)'
    }

    It 'can be recreated' {
        try { $made = & "$root/docs/images/New-TerminalImage.ps1" -Path "$TestDrive/made.svg" }
        catch {
            if ("$_" -like '*is missing*') { Set-ItResult -Skipped -Because "$_" }
            throw
        }

        $made.FullName | Should -Be "$TestDrive/made.svg"
        Assert-Picture $made.FullName
    }
}
